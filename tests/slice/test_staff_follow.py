"""One page and one command tell a message's whole story, by whatever name one has of it."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hub.envelope import Hop, Message, Transmission
from hub.ports import InboxState
from internal_apps.following.finding import FOUND_MAX
from lupu.commands import lupu
from lupu.follow import NothingNamedSo
from tests.slice.evidence_books import Books, troubled
from tests.slice.night import Night
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import StaffWorld, staff_world
from tests.unit.test_trace import PARENT, TRACE
from tests.unit.ticketing.world import NAME, booking_values

SENT = Transmission("gateway-2", "b00t", 17)
PHONE = "138-0013-8000"
Lupu = Callable[..., str]


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Offer a staff web beside a worker that may fail."""
    return Night(tmp_path)


def handled(night: Night, **changes: object) -> Message:
    """Return a booking of an agency that was handled a moment after it was accepted."""
    worker, at = night.parking.worker, night.parking.clock.at
    message = worker.message("PlaceBooking", booking_values())
    hops = (Hop(SENT.origin, at), Hop("hub-1", at))
    given = {"transmission": SENT, "hops": hops, "trace": PARENT, "accepted_at": at, **changes}
    message = message._replace(**given)  # type: ignore[arg-type]
    night.parking.clock.move(seconds=2)
    worker.inbox.handle([message])
    night.now()
    return message


def followed(night: Night, what: str, account: str = "audit", status: int = 200) -> str:
    """Return what the page says of what somebody has of a message."""
    visitor = Visitor(night.staff)
    visitor.sign_in(account)
    page = visitor.client.get("/follow", query_string={"what": what}, base_url="https://localhost")
    visitor.page = page
    assert page.status_code == status, page.text
    return visitor.text()


def command(staff: StaffWorld, folder: Path) -> Lupu:
    """Return ``lupu follow`` on the database of the pages."""
    toml = folder / "inside.toml"
    url = staff.database.url.render_as_string(hide_password=False)
    toml.write_text(f'[database]\nurl = "{url}"\n', "utf-8")

    def prints(*words: str) -> str:
        line = ["follow", *words, "--config", str(toml)]
        done = CliRunner().invoke(lupu, line, catch_exceptions=False, standalone_mode=False)
        return done.output

    return prints


def test_every_name_leads_to_the_same_story(night: Night, tmp_path: Path) -> None:
    """By id, own reference with or without the agency, booking, transmission, trace."""
    message = handled(night)
    prints = command(night.staff, tmp_path)
    (first,) = json.loads(prints(str(message.id), "--json"))
    booking, number = first["subject"], message.id.sender.partition(":")[2]
    reference = message.id.reference
    names = (
        *(reference, f"{number}/{reference}", f"agent:{number}/{reference}"),
        *(booking, booking.lower().replace("-", ""), str(SENT), TRACE, PARENT, f" {TRACE} "),
    )
    for name in names:
        assert json.loads(prints(name, "--json")) == [first], name
        text = followed(night, name)
        assert str(message.id) in text, name
        assert f"Trace {TRACE}" in text, name
    assert first["traces"] == [TRACE]
    assert [place for place, _ in first["way"]] == ["gateway-2", "hub-1", "handled"]


def test_its_way_is_told_in_order_with_the_time_between(night: Night) -> None:
    """Accepted, passed on, taken up, committed with its outcome; and its booking is at hand."""
    text = followed(night, str(handled(night).id))
    steps = (
        "accepted, and confirmed",
        "passed on",
        "taken up inside",
        "handled and committed: DONE",
    )
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert "+2000 ms" in text
    assert "Booking" in text
    assert "both books compared: awaiting its book" in text


def test_repeats_and_reused_references_are_told(night: Night) -> None:
    """Each transmission is told with what it was, and is found by its own trace."""
    message = handled(night)
    again = Transmission("gateway-1", "b11t", 3)
    other = PARENT.replace(TRACE, "1" * 32)
    worker = night.parking.worker
    worker.inbox.handle([message._replace(transmission=again, trace=other)])
    more = worker.message("PlaceBooking", booking_values(quantity=3)).body
    worker.inbox.handle([message._replace(transmission=again._replace(sequence=4), body=more)])
    text = followed(night, "1" * 32)
    assert "the same request came again, and was told the same" in text
    assert "the reference came again with other values, and was refused" in text
    assert "gateway-1.b11t.3" in text


def test_what_is_kept_is_told_with_what_people_did(night: Night) -> None:
    """Tries, why it is parked, who looked and why, and in the end its outcome."""
    (name,) = night.park()
    text = followed(night, name)
    assert "kept for a person" in text
    assert "parked: ZeroDivisionError" in text
    operator = Visitor(night.staff)
    operator.sign_in("oper")
    operator.get(f"/kept/parked/message/{name}")
    operator.send("/kept/parked/replay", why="mended in 1.2")
    assert "赵值班" in followed(night, name)
    night.later()
    text = followed(night, name)
    assert "replays it mended in 1.2" in text
    assert "handled and committed: DONE" in text


def test_what_a_role_may_not_see_is_not_told(night: Night) -> None:
    """A clerk reads the way, and neither reasons, nor who did what, nor the books."""
    (name,) = night.park()
    told = followed(night, name, "wang")
    assert "kept for a person" in told
    for secret in ("ZeroDivisionError", "both books compared", "audit"):
        assert secret not in told
    followed(night, name, "admin", 403)


def test_no_personal_data_is_in_a_story(night: Night, tmp_path: Path) -> None:
    """Neither name nor number of a passenger is on the page or printed, handled or parked."""
    prints = command(night.staff, tmp_path)
    for name in (str(handled(night).id), *night.park()):
        for told in (followed(night, name), prints(name), prints(name, "--json")):
            assert NAME not in told
            assert PHONE not in told


@pytest.mark.parametrize(
    "what",
    ["A-99", "agent:1001/PlaceBooking/A-99", "gateway-9.b.1", "f" * 32, "<script>", "%", "' OR 1"],
)
def test_what_nobody_knows_is_said_so(night: Night, tmp_path: Path, what: str) -> None:
    """Nothing is found, nothing breaks, and nothing of what was typed becomes a page's own."""
    handled(night)
    assert "Nothing here is named so." in followed(night, what, status=404)
    visitor = Visitor(night.staff)
    visitor.sign_in()
    assert "<script>" not in visitor.get(f"/follow?what={what}").text.partition("<main")[2]
    with pytest.raises(NothingNamedSo, match="Nothing here is named"):
        command(night.staff, tmp_path)(what)


def test_many_are_listed_each_with_what_became_of_it(night: Night, tmp_path: Path) -> None:
    """One trace for many requests, as an agent may send it, is a list and no flood."""
    messages = [handled(night, transmission=SENT._replace(sequence=number)) for number in range(3)]
    text = followed(night, TRACE)
    assert "3 requests" in text
    assert all(str(message.id) in text for message in messages)
    for number in range(10, FOUND_MAX + 15):
        handled(night, transmission=SENT._replace(sequence=number))
    assert f"{FOUND_MAX} requests" in followed(night, TRACE)
    assert len(json.loads(command(night.staff, tmp_path)(TRACE, "--json"))) == FOUND_MAX


def test_one_that_waits_says_for_how_long_still(night: Night) -> None:
    """A request that failed once says how often, and when it is looked at again."""
    worker = night.parking.worker
    night.parking.taking.broken = True
    message = worker.message("PlaceBooking", booking_values())
    worker.inbox.handle([message])
    text = followed(night, str(message.id))
    assert "failed 1 times so far, and is tried again" in text
    assert "Looked at again" in text
    assert InboxState.RETRIED.value not in text


def test_what_was_lost_is_found_in_the_books(tmp_path: Path) -> None:
    """A request that never came in is told by its gateway's book, with the verdict on it."""
    books = Books(staff_world(tmp_path), tmp_path)
    troubled(books)
    visitor = Visitor(books.staff)
    visitor.sign_in("oper")
    for name, verdict in (("lost", "lost"), ("fine", "received"), ("twice", "doubled")):
        visitor.get(f"/follow?what={name}")
        assert f"both books compared: {verdict}" in visitor.text()
        assert "never came in" in visitor.text()
    visitor.get("/follow?what=gateway-1.b00t.2")
    assert "PlaceBooking/lost" in visitor.text()


def test_the_page_speaks_chinese(night: Night) -> None:
    """Every sentence, and the words within them."""
    visitor = Visitor(night.staff)
    visitor.sign_in("audit")
    name = str(handled(night).id)
    visitor.get("/follow")
    visitor.send("/language", language="zh")
    visitor.get(f"/follow?what={name}")
    text = visitor.text()
    assert "已处理并提交：DONE" in text
    assert "两侧账本核对：" in text
    assert "awaiting" not in text
    assert "taken" not in text


def test_usage_says_what_can_be_followed() -> None:
    """The help lists every kind of name."""
    said = CliRunner().invoke(lupu, ["follow", "--help"]).output
    for kind in ("request id", "own reference", "booking", "transmission", "trace id"):
        assert kind in said
    with pytest.raises(click.UsageError):
        CliRunner().invoke(lupu, ["follow"], catch_exceptions=False, standalone_mode=False)
