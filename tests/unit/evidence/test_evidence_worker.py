"""Evidence takes the gateways' books in, and finds and names what is wrong with them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.sealing import CoseSignatures, CoseSigner, Keyring, Trusted
from adapters.sealing.keys import KeyPair, Use, new_key
from adapters.xml import Schemas
from dmz_gateway.books.pages import RESEND_SECONDS
from hub.envelope import Message, RequestId
from hub.evidence import chained
from hub.ports import Answer, Taken
from internal_apps.answering import values
from internal_apps.evidence import store
from internal_apps.evidence.compare import Verdict
from tests.unit.evidence.books import taken
from tests.unit.evidence.inside import Inside
from tests.unit.hub_world import NOON

SCHEMAS = Schemas()
ELEMENT = "{urn:lupu:evidence:1}BookPage"
Values = dict[str, object]


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Offer evidence's worker."""
    made = Inside(tmp_path)
    yield made
    made.worker.close()


def changed(how: Callable[[Values], Values]) -> Callable[[Message], Message]:
    """Return what changes a page on its way."""

    def change(message: Message) -> Message:
        given = how(values(SCHEMAS, message))
        return message._replace(body=SCHEMAS.write(ELEMENT, given))

    return change


def crossed(body: bytes = b"<PlaceBooking/>") -> str:
    """Return the digest of what crossed."""
    return sha256(body).hexdigest()


def _without_a_line(given: Values) -> Values:
    lines = given["Line"]
    assert isinstance(lines, list)
    return {**given, "Line": [*lines[:-2], lines[-1]]}


def _altered(given: Values) -> Values:
    lines = given["Line"]
    assert isinstance(lines, list)
    return {**given, "Line": [*lines[:-1], lines[-1].replace("A-", "B-")]}


def _whole_of_another(given: Values) -> Values:
    texts = ["B lupu-book-1 gateway-1 other 1 2010-05-01T04:00:00.000000+00:00 " + "0" * 64]
    return {**given, "Line": list(chained("0" * 64, texts))}


@pytest.mark.parametrize(
    ("how", "kinds"),
    [
        (_without_a_line, ["LINE_CHANGED"]),
        (_altered, ["LINE_CHANGED"]),
        (_whole_of_another, ["LINE_FOREIGN"]),
        (lambda given: {**given, "Before": "f" * 64}, ["PAGE_NOT_ITS_FOLLOWER"]),
    ],
)
def test_a_page_that_is_not_what_was_written_is_found(
    inside: Inside, how: Callable[[Values], Values], kinds: list[str]
) -> None:
    """A line left out or altered, another book's lines, another page before it."""
    world = inside.gateway()
    for number in range(3):
        world.send(reference=f"A-{number}", ending=None)
    inside.change = changed(how)
    world.pages.turn()
    assert inside.found() == kinds


def test_a_page_that_is_missing_is_found_and_what_follows_is_taken(inside: Inside) -> None:
    """The gap is named; the lines on later pages count."""
    world = inside.gateway()
    world.pages.turn()
    world.asking.inside = taken
    world.pages.turn()
    world.asking.inside = inside.take
    world.pages.turn()
    entries = inside.entries()
    assert [(one.kind, one.page, one.detail) for one in entries.findings] == [
        ("PAGE_MISSING", 3, "pages 2 to 2 have not come")
    ]


def test_a_page_that_is_written_anew_is_found_and_refused(inside: Inside) -> None:
    """History is not rewritten: the first that came counts."""
    world = inside.gateway()
    world.pages.turn()
    world.send(reference="A-1")
    message = world.asking.sent[0]
    again = changed(lambda given: {**given, "MadeAt": "2010-05-01T05:00:00.000000+00:00"})(message)
    said = inside.take(again)
    assert said is not None
    assert said.type == "Refused.1"
    assert inside.found() == ["PAGE_REWRITTEN"]


def test_a_page_under_any_reference_is_named_and_stops_no_comparison(inside: Inside) -> None:
    """Whoever has a gateway's keys names its pages as he likes."""
    world = inside.gateway()
    name = RequestId("gateway:gateway-1", "BookPage", "x")
    page = world.request()._replace(type="BookPage.1", id=name)
    inside.receive(page, crossed(), Taken.REUSED)
    (found,) = inside.entries().findings
    assert (found.kind, found.boot, found.part, found.page) == ("PAGE_REWRITTEN", "x", 0, 0)


def test_what_was_long_on_its_way_is_taken(inside: Inside) -> None:
    """A worker that was away for weeks loses no page, and forgets nothing that was stopped."""
    world = inside.gateway()
    wire = world.send(reference="A-1")
    late = timedelta(days=30)
    inside.change = lambda message: message._replace(accepted_at=message.accepted_at - late)
    world.pages.turn()
    inside.stop(wire, wire.body, "NotAllowed: no.", late)
    assert inside.verdicts() == {"A-1": Verdict.QUARANTINED}


def test_a_part_of_which_nothing_came_is_found(inside: Inside) -> None:
    """A book cut short at a change of parts does not go unnoticed."""
    world = inside.gateway(bytes_max=800)

    def second_alone(message: Message) -> Answer | None:
        return inside.take(message) if values(SCHEMAS, message)["Part"] == 2 else taken(message)

    world.asking.inside = second_alone
    while world.book.files[-1].part < 3:
        world.send()
        world.pages.turn()
    assert inside.found() == ["PART_MISSING"]


class Keys:
    """A signer, and signatures that know one owner's key."""

    def __init__(self, owner: str = "gateway-1") -> None:
        self.pair: KeyPair = new_key(Use.SIGN)
        self.owner = owner


def _signatures(keys: Keys) -> CoseSignatures:
    keyring = Keyring().with_key(keys.owner, keys.pair, NOON - timedelta(days=1))
    return CoseSignatures(lambda: keyring, lambda: NOON, Trusted())


@pytest.mark.parametrize(
    ("owner", "signs", "kinds"),
    [
        ("gateway-1", True, []),
        ("gateway-1", False, ["UNSIGNED"]),
        ("gateway-2", True, ["SIGNATURE_WRONG"]),
    ],
)
def test_a_page_must_be_signed_by_its_own_gateway(
    tmp_path: Path, owner: str, kinds: list[str], *, signs: bool
) -> None:
    """One that is not counts for nothing, and is named; what it says is kept nowhere."""
    keys = Keys(owner)
    inside = Inside(tmp_path, _signatures(keys))
    world = inside.gateway(signs=(lambda: CoseSigner(keys.pair)) if signs else None)
    world.send(reference="A-1")
    world.pages.turn()
    entries = inside.entries()
    assert inside.found() == kinds
    assert len(entries.booked) == (0 if kinds else 1)
    inside.worker.close()


def test_a_page_that_is_signed_anew_is_the_same_page(tmp_path: Path) -> None:
    """A gateway that starts again after its keys were exchanged has rewritten nothing."""
    old, new = Keys(), Keys()
    since = NOON - timedelta(days=1)
    keyring = (
        Keyring().with_key("gateway-1", old.pair, since).with_key("gateway-1", new.pair, since)
    )
    inside = Inside(tmp_path, CoseSignatures(lambda: keyring, lambda: NOON, Trusted()))
    first = inside.gateway("first", signs=lambda: CoseSigner(old.pair))
    answers: list[Answer | None] = []
    first.asking.inside = lambda message: answers.append(inside.take(message))
    first.pages.turn()
    first.die()
    second = inside.gateway("second", signs=lambda: CoseSigner(new.pair))
    second.pages.turn()
    assert len(answers) == 1
    assert second.asking.sent[0].id == first.asking.sent[0].id
    assert second.asking.sent[0].body != first.asking.sent[0].body
    assert second.asking.pages()[-1].boot == "second"
    assert inside.found() == []
    inside.worker.close()


def test_a_page_signed_with_a_key_that_is_not_known_yet_is_kept(tmp_path: Path) -> None:
    """Nothing of it is dropped: it is parked, and its gateway waits until it is decided on."""
    keys = Keys()
    inside = Inside(tmp_path, _signatures(Keys()))
    world = inside.gateway(signs=lambda: CoseSigner(keys.pair))
    for _ in range(2):
        world.pages.turn()
    (parked,) = inside.worker.rows("parked")
    assert parked["reason"].startswith("KeyNotTrusted: ")
    assert [page.number for page in world.asking.pages()] == [1]
    assert inside.found() == []
    inside.worker.close()


def test_a_page_whose_key_has_become_known_is_taken_in_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever mends the keyring need not remember it; of an unknown key it stays parked."""
    caplog.set_level("INFO")
    keys, keyrings = Keys(), [Keyring()]
    inside = Inside(tmp_path, CoseSignatures(lambda: keyrings[-1], lambda: NOON, Trusted()))
    world = inside.gateway(signs=lambda: CoseSigner(keys.pair))
    world.send(reference="A-1")
    world.pages.turn()

    def parked_after_a_look() -> int:
        inside.clock.move(seconds=inside.settings.look_seconds)
        for chore in inside.application.chores:
            chore()
        inside.worker.inbox.wake_due()
        return len(inside.worker.rows("parked"))

    assert parked_after_a_look() == 1
    keyrings.append(Keyring().with_key("gateway-1", keys.pair, NOON - timedelta(days=1)))
    assert parked_after_a_look() == 0
    assert [one.request for one in inside.entries().booked] == ["agent:1001/PlaceBooking/A-1"]
    inside.clock.move(seconds=RESEND_SECONDS)
    world.pages.turn()
    world.pages.turn()
    assert [page.number for page in world.asking.pages()] == [1, 1, 2]
    assert "evidence.page_taken_up" in [record.message for record in caplog.records]
    assert inside.found() == []
    inside.worker.close()


def test_a_page_that_was_altered_after_it_was_signed_is_found(tmp_path: Path) -> None:
    """The signature is over all that it says."""
    keys = Keys()
    inside = Inside(tmp_path, _signatures(keys))
    world = inside.gateway(signs=lambda: CoseSigner(keys.pair))
    inside.change = changed(lambda given: {**given, "Before": "f" * 64})
    world.pages.turn()
    assert inside.found() == ["SIGNATURE_WRONG"]
    inside.worker.close()


def test_silence_is_said_once_and_so_is_its_end(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway that sends no page is named, with since when; one that is retired is not."""
    caplog.set_level("INFO")
    world = inside.gateway()
    world.pages.turn()
    since = inside.clock.now()

    def chores() -> list[str]:
        for chore in inside.application.chores:
            chore()
        said = [record.message for record in caplog.records if "evidence." in record.message]
        caplog.clear()
        return said

    assert chores() == []
    inside.clock.move(seconds=inside.settings.silent_seconds + 1)
    assert chores() == ["evidence.silent"]
    assert chores() == []
    (gateway,) = inside.entries().gateways
    assert gateway.heard_at == since
    world.pages.turn()
    assert chores() == ["evidence.heard"]
    inside.clock.move(days=1)
    with inside.worker.database.begin() as connection:
        assert store.retire(connection, "gateway-1", inside.clock.now())
    assert chores() == []
    world.pages.turn()
    inside.clock.move(days=1)
    assert chores() == ["evidence.silent"]
