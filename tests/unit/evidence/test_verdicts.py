"""What is said of each transmission, once both books are here."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from hub.envelope import Transmission, to_wire
from hub.ports import Published, Taken
from internal_apps.evidence.compare import Verdict
from tests.unit.evidence.books import World
from tests.unit.evidence.inside import Inside


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Offer evidence's worker."""
    made = Inside(tmp_path)
    yield made
    made.worker.close()


def crossed(body: bytes = b"<PlaceBooking/>") -> str:
    """Return the digest of what crossed."""
    return sha256(body).hexdigest()


def test_a_day_without_trouble_has_nothing_to_show(inside: Inside) -> None:
    """What was sent is what was received, and the pages themselves are counted like requests."""
    world = inside.gateway()
    for number in range(5):
        message = world.request(f"A-{number}")
        world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
        inside.receive(message, crossed())
    for _ in range(3):
        inside.clock.move(seconds=10)
        world.pages.turn()
    compared = inside.compared("")
    assert compared.fine
    assert compared.totals["PlaceBooking.1"] == {Verdict.RECEIVED: 5}
    assert compared.totals["BookPage.1"][Verdict.RECEIVED] == 2
    assert [item.verdict for item in compared.items] == [Verdict.AWAITED]
    assert inside.found() == []


# What its gateway heard, what came in (the first letter of whose bytes), and what is said of it.
HAPPENED: dict[str, tuple[Published | None, str, Verdict | None]] = {
    "lost": (Published.CONFIRMED, "", Verdict.LOST),
    "fine": (Published.CONFIRMED, "f", None),
    "twice": (Published.CONFIRMED, "tt", Verdict.DOUBLED),
    "altered": (Published.CONFIRMED, "x", Verdict.ALTERED),
    "doubled and altered once": (Published.CONFIRMED, "dx", Verdict.ALTERED),
    "one": (Published.CONFIRMED, "p", Verdict.ALTERED),
    "paired": (Published.CONFIRMED, "o", Verdict.ALTERED),
    "kept": (Published.CONFIRMED, "K", Verdict.QUARANTINED),
    "held once and brought again": (Published.CONFIRMED, "Hh", None),
    "more than once brought again": (Published.CONFIRMED, "Mmm", Verdict.DOUBLED),
    "arrived": (Published.UNKNOWN, "a", Verdict.ARRIVED),
    "unheard": (None, "u", Verdict.ARRIVED),
    "gone": (Published.UNKNOWN, "", Verdict.ABSENT),
    "hanging": (None, "", Verdict.ABSENT),
    "refused": (Published.REFUSED, "", None),
    "back": (Published.RETURNED, "", None),
}


def _happen(inside: Inside, world: World, name: str) -> None:
    ending, came, _ = HAPPENED[name]
    message = world.request(name.replace(" ", "-"), name[0].encode())
    ended = world.book.ahead(message, to_wire(message))
    if ending is not None:
        ended(ending)
    for letter in came:
        what = Taken.QUARANTINED if letter.isupper() else Taken.FIRST
        inside.receive(message, crossed(letter.lower().encode()), what)


def test_each_thing_that_can_happen_to_a_transmission_is_named(inside: Inside) -> None:
    """Lost, doubled, altered, swapped, stopped, of unknown end: each once, by its own id."""
    world = inside.gateway()
    for name in HAPPENED:
        _happen(inside, world, name)
    world.pages.turn()
    inside.clock.move(seconds=70)
    world.send(reference="flying")
    world.pages.turn()
    world.pages.turn()
    inside.look(0)
    expected = {name.replace(" ", "-"): verdict for name, (*_, verdict) in HAPPENED.items()}
    said = {name: verdict for name, verdict in expected.items() if verdict is not None}
    assert inside.verdicts() == {**said, "flying": Verdict.IN_FLIGHT}
    compared = inside.compared()
    assert not compared.fine
    total = compared.totals["PlaceBooking.1"]
    assert total.total() == len(HAPPENED) + 1
    keys = {item.request.rpartition("/")[2]: item for item in compared.items}
    assert keys["one"].detail.endswith(f"the bytes of {keys['paired'].key}")
    assert keys["paired"].detail.endswith(f"the bytes of {keys['one'].key}")


def test_what_the_hub_stopped_is_quarantined_and_what_it_stopped_altered_is_altered(
    inside: Inside,
) -> None:
    """By the digest of what was stopped; what no gateway sent was stopped too."""
    world = inside.gateway()
    for name in ("same", "changed", "corrected", "again"):
        body = b"other" if name == "changed" else name.encode()
        message = world.request(name, name.encode())
        inside.stop(to_wire(message), body, "InvalidBody: no.")
        world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
        if name == "corrected":
            inside.receive(message, crossed(b"correction"))
        if name == "again":
            inside.receive(message, crossed(b"again"))
    inside.stop(to_wire(world.request("forged")), b"forged", "NotAuthentic: not sealed.")
    world.pages.turn()
    assert inside.verdicts("") == {
        "same": Verdict.QUARANTINED,
        "changed": Verdict.ALTERED,
        "corrected": Verdict.CORRECTED,
        "forged": Verdict.STOPPED,
        "b00t.1.1": Verdict.AWAITED,
    }


@pytest.mark.parametrize(
    ("depth", "verdict"), [(0, Verdict.LOST), (1, Verdict.IN_FLIGHT), (None, Verdict.IN_FLIGHT)]
)
def test_what_may_still_lie_in_a_queue_is_not_lost(
    inside: Inside, depth: int | None, verdict: Verdict
) -> None:
    """However old it is: while its worker stands still, or nobody can look, it is in flight."""
    world = inside.gateway()
    world.send(reference="A-1")
    world.pages.turn()
    inside.clock.move(days=3)
    world.pages.turn()
    inside.look(depth)
    assert inside.verdicts() == {"A-1": verdict}


def test_what_comes_through_after_an_outage_is_not_called_lost_meanwhile(inside: Inside) -> None:
    """Its gateway's page may be taken in before it: it has its time from then on."""
    world = inside.gateway()
    world.send(reference="A-1")
    inside.clock.move(hours=1)
    world.pages.turn()
    for _ in range(2):
        inside.clock.move(seconds=30)
        inside.look(0)
        assert inside.verdicts() == {"A-1": Verdict.IN_FLIGHT}
    inside.clock.move(seconds=1)
    assert inside.verdicts() == {"A-1": Verdict.LOST}


def test_its_time_counts_from_the_page_that_says_that_it_was_confirmed(inside: Inside) -> None:
    """The one that names it may have come long before."""
    world = inside.gateway()
    message = world.request("A-1")
    ended = world.book.ahead(message, to_wire(message))
    world.pages.turn()
    ended(Published.CONFIRMED)
    inside.clock.move(hours=1)
    world.pages.turn()
    inside.clock.move(seconds=60)
    inside.look(0)
    assert inside.verdicts() == {"A-1": Verdict.IN_FLIGHT}


def test_a_queue_is_empty_only_by_a_look_after_the_page_came(inside: Inside) -> None:
    """What was still outside when one looked was not in it, and may lie there now."""
    world = inside.gateway()
    world.send(reference="A-1")
    inside.look(0)
    world.pages.turn()
    inside.clock.move(seconds=61)
    assert inside.verdicts() == {"A-1": Verdict.IN_FLIGHT}
    inside.look(0)
    assert inside.verdicts() == {"A-1": Verdict.LOST}


def test_a_lost_request_that_was_sent_again_says_since_when_it_is_here(inside: Inside) -> None:
    """Lost it stays, for a broker lost it; but nobody need repeat it any more."""
    world = inside.gateway()
    world.send(reference="A-1")
    world.send(reference="A-2")
    world.pages.turn()
    inside.clock.move(seconds=61)
    inside.look(0)
    assert [item.repeated_at for item in inside.compared().items] == [None, None]
    for what in (Taken.FIRST, Taken.REPEAT):
        again = world.request("A-1")
        world.book.ahead(again, to_wire(again))(Published.CONFIRMED)
        inside.receive(again, crossed(), what)
        inside.clock.move(seconds=1)
    found = [(item.verdict, item.repeated_at) for item in inside.compared().items]
    since = inside.clock.now() - timedelta(seconds=2)
    assert found[:2] == [(Verdict.LOST, since), (Verdict.LOST, None)]


def test_what_was_overtaken_long_since_is_lost_though_the_queue_is_never_empty(
    inside: Inside,
) -> None:
    """A queue keeps its order but for a while: what came much later has been taken in."""
    world = inside.gateway()
    world.send(reference="A-1")
    world.pages.turn()
    inside.clock.move(seconds=100)
    message = world.request("A-2")
    world.book.ahead(message, to_wire(message))(Published.CONFIRMED)
    inside.receive(message, crossed())
    world.pages.turn()
    world.pages.turn()
    inside.look(5)
    assert inside.verdicts() == {"A-1": Verdict.LOST}


def test_what_no_page_can_have_named_yet_is_awaited_and_not_injected(inside: Inside) -> None:
    """A request is injected only once a page that must name it is here and does not."""
    world = inside.gateway()
    world.pages.turn()
    inside.receive(world.request("A-1"), crossed())
    for _ in range(3):
        assert inside.verdicts() == {"A-1": Verdict.AWAITED}
        inside.clock.move(seconds=10)
        world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.INJECTED}


def test_what_no_page_names_for_too_long_is_unbooked_and_wrong(inside: Inside) -> None:
    """Its gateway may be gone with its book: that it came in is known, who sent it is not."""
    world = inside.gateway()
    world.pages.turn()
    inside.receive(world.request("A-1"), crossed())
    inside.clock.move(seconds=60)
    assert inside.compared("").fine
    inside.clock.move(seconds=1)
    assert inside.verdicts("") == {"A-1": Verdict.UNBOOKED, "b00t.1.1": Verdict.AWAITED}
    assert not inside.compared().fine
    for _ in range(3):
        world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.INJECTED}


def test_a_start_of_which_no_book_comes_is_none_once_its_gateway_was_heard_long_after(
    inside: Inside,
) -> None:
    """A name made up for a start that never was does not wait for its book for ever."""
    world = inside.gateway()
    message = world.request("A-1")
    inside.receive(message._replace(transmission=Transmission("gateway-1", "made-up", 1)), "")
    world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.AWAITED}
    inside.clock.move(seconds=60)
    world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.AWAITED}
    inside.clock.move(seconds=1)
    world.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.INJECTED}


def test_what_a_start_of_before_never_wrote_is_injected_once_its_book_has_ended(
    inside: Inside,
) -> None:
    """A name that was used once cannot be used again by somebody else."""
    world = inside.gateway("first")
    inside.receive(world.request("A-1"), crossed())
    world.die()
    following = inside.gateway("second")
    following.pages.turn()
    assert inside.verdicts() == {"A-1": Verdict.INJECTED}
