"""The pages of kept messages: who sees what, what is written down, what cannot be reached."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapters.database import InboxStore
from adapters.quarantine import QuarantineShelf
from adapters.xml import Schemas
from hub.errors import InvalidBody
from hub.messages import applications
from hub.parking import Place
from hub.ports import InboxEntry, InboxState
from internal_apps.parking.tables import audit
from internal_apps.staff.__main__ import BUILDS
from internal_apps.staff.headers import POLICY
from tests.contract.shelves import OPERATOR, in_memory, wire
from tests.slice.night import Night
from tests.slice.staff_visitor import Visitor
from tests.unit.evidence.books import World as Gateway
from tests.unit.parking.world import with_name
from tests.unit.ticketing.world import booking_values


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Offer a staff web with two parked bookings."""
    found = Night(tmp_path)
    found.park(2)
    return found


def _visitor(night: Night, account: str = "oper") -> Visitor:
    visitor = Visitor(night.staff)
    visitor.sign_in(account)
    return visitor


def test_personal_data_is_on_the_page_of_one_message_only(night: Night) -> None:
    """Lists show none; who opens a message is written down, an auditor too."""
    visitor, name = _visitor(night, "audit"), str(night.messages[0].id)
    for path in ("/kept", "/kept?kind=ZeroDivisionError", "/kept/approvals", "/kept/audit"):
        assert "138-0013-8000" not in visitor.get(path).text
    assert night.parking.facts(name) == []
    page = visitor.get(f"/kept/parked/message/{name}")
    assert "138-0013-8000" in page.text
    assert '<form method="post" action="/kept/parked/replay"' not in page.text
    assert night.parking.facts(name) == [("audit", "viewed")]
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["Cache-Control"] == "no-store"


def test_bytes_that_nobody_can_read_are_saved_as_a_file(night: Night) -> None:
    """Byte for byte, never shown, under a name of no stranger's; the trail says who, and which."""
    lying = b"\x00\xff<script>"
    quarantine = in_memory()
    odd = wire('A"; filename="x', body=lying)._replace(type="<b>")
    quarantine.keep(odd, reason="NotAuthentic: The seal does not open.")
    night.staff.work.shelves[Place.OUTSIDE] = quarantine.shelf
    (kept,) = quarantine.listed()
    visitor, digest = _visitor(night, "audit"), sha256(lying).hexdigest()
    assert digest in visitor.get(f"/kept/outside/message/{kept.id}").text
    file = visitor.get(f"/kept/outside/bytes/{kept.id}")
    assert file.data == lying
    assert file.mimetype == "application/octet-stream"
    said = file.headers["Content-Disposition"]
    assert said == f'attachment; filename="lupu-{digest}.bin"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert ("audit", "saved") in night.parking.facts(kept.id)
    assert digest in night.staff.work.trail.entries(1)[0].facts
    assert visitor.get("/kept/outside/bytes/none").status_code == 404
    assert _visitor(night, "wang").get(f"/kept/outside/bytes/{kept.id}").status_code == 403


def test_a_clerk_and_a_supervisor_see_none_of_it(night: Night) -> None:
    """The page says no, and nothing is written down."""
    name = str(night.messages[0].id)
    for account in ("wang", "smith", "admin"):
        assert _visitor(night, account).get(f"/kept/parked/message/{name}").status_code == 403
    assert night.parking.facts(name) == []


def test_a_reason_must_be_given_and_what_is_gone_is_said(night: Night) -> None:
    """Past the browser's own check; the second of two people is told that it was done."""
    visitor, name = _visitor(night), str(night.messages[0].id)
    visitor.get(f"/kept/parked/message/{name}")
    assert visitor.send("/kept/parked/replay", name=name, why=" ").status_code == 422
    assert "Say why" in visitor.text()
    assert night.parking.state(night.messages[0]) is InboxState.PARKED
    visitor.get(f"/kept/parked/message/{name}")
    form = visitor.hidden("/kept/parked/replay")
    assert visitor.post("/kept/parked/replay", {**form, "why": "mended"}).status_code == 200
    again = visitor.post("/kept/parked/replay", {**form, "why": "mended"})
    assert again.status_code == 409
    assert "not there: somebody else was first" in visitor.text()
    assert visitor.get(f"/kept/parked/message/{name}").status_code == 404


def test_who_proposed_cannot_approve_even_past_the_page(night: Night) -> None:
    """The form is not shown; who sends it all the same is refused."""
    name, message = str(night.messages[0].id), night.messages[0]
    body = message.body.replace(b"<Quantity>2<", b"<Quantity>3<")
    night.staff.work.propose(Place.PARKED, name, body, why="three", who="oper")
    visitor = _visitor(night)
    visitor.get("/kept/correction/1")
    assert "Approve it" not in visitor.text()
    page = visitor.send("/kept/correction/1", decision="approve")
    assert page.status_code == 422
    assert "Who proposed a correction cannot approve it" in visitor.text()
    other = _visitor(night, "night")
    other.get("/kept/correction/1")
    assert "Approved. Replay it now" in other.send("/kept/correction/1", decision="approve").text
    other.get("/kept/correction/1")
    assert "Approve it" not in other.text()
    other.send("/kept/correction/1", decision="reject", why="a mistake")
    assert ("night", "rejected") in night.parking.facts(name)


def test_a_quarantine_is_worked_on_like_what_is_parked(night: Night) -> None:
    """Its messages by reason, one whole, replayed past the guard again, discarded in bulk."""
    outside = in_memory()
    assert "no operator is configured" in _visitor(night).get("/kept").text
    shelf = QuarantineShelf(Place.OUTSIDE, outside.opens, OPERATOR, Schemas())
    night.staff.work.shelves[Place.OUTSIDE] = shelf
    outside.keep(wire("Q-1"), wire("Q-2"), wire("Q-3"))
    visitor = _visitor(night)
    visitor.get("/kept?place=outside&kind=NotAllowed")
    assert "3 messages wait for a person." in visitor.text()
    name = outside.named("Q-1")
    visitor.get(f"/kept/outside/message/{name}")
    assert "agent:1001/PlaceBooking/Q-1" in visitor.text()
    visitor.send("/kept/outside/replay", why="the clock was wrong")
    assert [sent.message_id for sent in outside.arrived(1)] == ["agent:1001/PlaceBooking/Q-1"]
    visitor.get("/kept?place=outside&kind=NotAllowed")
    names = [kept.id for kept in outside.listed()]
    visitor.post(
        "/kept/outside/discard",
        {**visitor.hidden("/kept/outside/replay"), "name": names, "why": "forged"},
    )
    assert outside.listed() == []
    assert [what for _, what in night.parking.facts(name)] == ["viewed", "replay", "ended"]


def test_what_is_kept_of_a_booking_is_on_its_page(tmp_path: Path) -> None:
    """Tried again, waiting behind that, and then for a person: in the clerk's words, till done."""
    night = Night(tmp_path)
    worker, taking = night.parking.worker, night.parking.taking
    placed = worker.message("PlaceBooking", booking_values())
    (said,) = worker.handle(placed)
    named = {"PlacedAs": placed.id.reference, "Version": 1}
    lines = {"Lines": booking_values(quantity=3)["Lines"]}
    change = worker.message("ChangeBooking", {**named, **lines})
    confirm = worker.message("ConfirmBooking", named)
    taking.broken = True
    worker.handle(change)
    worker.handle(confirm)
    taking.broken = False
    visitor, page = _visitor(night, "wang"), f"/bookings/{said.booking['BookingReference']}"
    night.now()
    visitor.sign_in("wang")
    assert "failed and is tried again" in visitor.get(page).text
    assert "waits behind an earlier request" in visitor.text()
    assert "looked at last" in visitor.text()
    night.parking.later(600)
    night.now()
    visitor.sign_in("wang")
    assert "changed by others before" in visitor.get(page).text
    assert "looked at last" not in visitor.text()


def test_of_every_application_it_is_foreseen_what_a_replay_would_do(
    night: Night, tmp_path: Path
) -> None:
    """Of a page of a gateway's book too, which evidence handles."""
    assert set(BUILDS) == set(applications())
    gateway = Gateway(tmp_path / "books", "b00t", clock=night.parking.clock)
    gateway.pages.turn()
    (page,) = gateway.asking.sent
    store = InboxStore(night.staff.database, night.parking.clock, "evidence-1")
    with store.unit() as unit:
        entry = InboxEntry(page.id, "d" * 64, InboxState.PARKED, None, "")
        unit.park(page, entry, "KeyNotTrusted: no key of gateway-1 is known")
    visitor, path = _visitor(night), f"/kept/parked/message/{page.id}"
    visitor.get(path)
    visitor.send(path)
    assert "It would be handled now, with this outcome: DONE" in visitor.text()


def test_a_quarantine_that_is_away_leaves_the_others(night: Night) -> None:
    """Its page says so, and what to do; what is parked can be worked on."""
    outside = in_memory()
    shelf = QuarantineShelf(Place.OUTSIDE, outside.away, OPERATOR, Schemas())
    night.staff.work.shelves[Place.OUTSIDE] = shelf
    visitor = _visitor(night)
    assert visitor.get("/kept?place=outside").status_code == 503
    assert "It cannot be reached now." in visitor.text()
    busy = QuarantineShelf(Place.OUTSIDE, outside.opens, OPERATOR, Schemas())
    night.staff.work.shelves[Place.OUTSIDE] = busy
    with outside.opens():
        visitor.get("/kept?place=outside")
    assert "Somebody else is at work in this quarantine." in visitor.text()
    assert visitor.get("/kept?place=parked").status_code == 200


def test_what_was_decided_is_said_though_its_quarantine_is_away(night: Night) -> None:
    """Nobody is told that a broker is away, and decides once more, when all is done."""
    world = in_memory()
    world.keep(wire("Q-1", body=night.messages[0].body))
    shelves, name = night.staff.work.shelves, world.named("Q-1")
    shelves[Place.OUTSIDE] = QuarantineShelf(Place.OUTSIDE, world.opens, OPERATOR, Schemas())
    body = night.messages[0].body.replace(night.messages[0].id.reference.encode(), b"Q-1")
    number = night.staff.work.propose(Place.OUTSIDE, name, body, why="x", who="night")
    shelves[Place.OUTSIDE] = QuarantineShelf(Place.OUTSIDE, world.away, OPERATOR, Schemas())
    visitor = _visitor(night)
    visitor.get(f"/kept/correction/{number}")
    page = visitor.send(f"/kept/correction/{number}", decision="reject", why="a mistake")
    assert (page.status_code, page.request.path) == (200, "/kept/approvals")
    assert ("oper", "rejected") in night.parking.facts(name)


def test_a_number_that_nothing_can_have_breaks_no_page(night: Night) -> None:
    """An address that was typed finds nothing; it is no mistake of ours."""
    visitor, number = _visitor(night), "9" * 20
    assert visitor.get(f"/kept/audit?before={number}").status_code == 200
    assert visitor.get(f"/kept/correction/{number}").status_code == 404


def test_nothing_of_a_document_is_hidden_from_who_decides(night: Night) -> None:
    """Signs that turn or hide what follows are shown by their numbers, in corrections too."""
    turned = with_name(night.messages[0].body, "\u202e王小明")
    name = str(night.messages[0].id)
    number = night.staff.work.propose(Place.PARKED, name, turned, why="x", who="night")
    page = _visitor(night).get(f"/kept/correction/{number}").text
    assert "\u202e" not in page
    assert r"\u202e" in page


def test_what_an_agent_signed_is_not_corrected_in_vain(night: Night) -> None:
    """Its page offers no correction, and takes none: its replay would be refused."""
    world = in_memory()
    signed = wire("Q-1", body=night.messages[0].body, proof=b"<signed/>")
    world.keep(signed)
    shelf = QuarantineShelf(Place.OUTSIDE, world.opens, OPERATOR, Schemas())
    night.staff.work.shelves[Place.OUTSIDE] = shelf
    visitor, name = _visitor(night), world.named("Q-1")
    page = visitor.get(f"/kept/outside/message/{name}").text
    assert "It cannot be corrected" in page
    assert f"/kept/outside/correct/{name}" not in page
    body = night.messages[0].body
    with pytest.raises(InvalidBody, match="Its agent signed it"):
        night.staff.work.propose(Place.OUTSIDE, name, body, why="x", who="oper")


def test_what_was_not_done_and_a_tampered_trail_are_said_in_chinese(night: Night) -> None:
    """Why of each of many, and what is wrong with which entry."""
    visitor, name = _visitor(night), str(night.messages[0].id)
    visitor.send("/language", language="zh")
    visitor.get(f"/kept/parked/message/{name}")
    form = visitor.hidden("/kept/parked/replay")
    for _ in range(2):
        visitor.post("/kept/parked/replay", {**form, "why": "已修复"})
    assert "已不再搁置：他人已先处理，或已有结果。" in visitor.text()
    with night.staff.database.begin() as connection:
        connection.execute(audit.update().where(audit.c.number == 1).values(who="li"))
    visitor.get("/kept/audit?verify=1")
    assert "第 1 条被改动。" in visitor.text()


def test_it_is_all_said_in_chinese_too(night: Night) -> None:
    """Who asked for Chinese reads reasons, steps and errors in it."""
    visitor, name = _visitor(night), str(night.messages[0].id)
    visitor.send("/language", language="zh")
    assert "条消息等待人工处理" in visitor.get("/kept").text
    visitor.get(f"/kept/parked/message/{name}")
    visitor.get("/kept/audit")
    assert "查看了" in visitor.text()
    path, right = f"/kept/parked/correct/{name}", night.messages[0].body.decode()
    for old, new, said in (
        ("INDIVIDUAL", "ALL", "Kind 必须是以下之一"),
        (night.messages[0].id.reference, "ANOTHER", "RequestReference 必须保持为"),
    ):
        visitor.get(path)
        visitor.send(path, document=right.replace(old, new), why="更正")
        assert said in visitor.text()
