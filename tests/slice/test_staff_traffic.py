"""The page of traffic: what is stopped, stopping something, letting it go on."""

from pathlib import Path

import pytest

from hub.ports import InboxState
from internal_apps.following.story import UNFINISHED
from internal_apps.ticketing.web import words
from tests.slice.night import Night
from tests.slice.staff_visitor import Visitor
from tests.unit.ticketing.world import booking_values


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """Offer a staff web with nothing parked."""
    found = Night(tmp_path)
    found.now()
    return found


def _visitor(night: Night, account: str = "oper") -> Visitor:
    visitor = Visitor(night.staff)
    visitor.sign_in(account)
    return visitor


def test_an_operator_stops_an_agency_and_lets_it_go_on(night: Night) -> None:
    """The page says since when, who, why and how many are kept; the trail says who did it."""
    visitor = _visitor(night)
    visitor.get("/traffic")
    assert "Everything flows." in visitor.text()
    page = visitor.send("/traffic/halt", kind="agency", name="1001", mode="pause", why="asked for")
    assert page.status_code == 200
    assert "Paused. Workers see it at once." in visitor.text()
    message = night.parking.worker.message("PlaceBooking", booking_values())
    night.parking.worker.handle(message)
    visitor.get("/traffic")
    assert "One request is kept." in visitor.text()
    assert "asked for" in visitor.text()
    visitor.send("/traffic/resume", why="settled")
    assert "It goes on: what was kept is being done." in visitor.text()
    night.later()
    assert night.parking.worker.outcome(message).code == "DONE"
    assert night.parking.facts("agency:1001") == [("oper", "pause"), ("oper", "resume")]


def test_what_was_typed_stays_where_something_is_wrong(night: Night) -> None:
    """A route that is none and a reason left out are said, and what can be named."""
    visitor = _visitor(night)
    visitor.get("/traffic")
    page = visitor.send("/traffic/halt", kind="route", name="Plan<b>", mode="drain", why="prices")
    assert page.status_code == 422
    assert "There is no route" in page.text
    assert "ticketing, PlaceBooking" in visitor.text()
    assert 'value="Plan&lt;b&gt;"' in page.text
    assert 'value="prices"' in page.text
    page = visitor.send("/traffic/halt", kind="agency", name="1001", mode="drain", why="")
    assert page.status_code == 422
    assert "Say why" in visitor.text()
    page = visitor.send("/traffic/halt", kind="planet", name="1001", mode="drain", why="x")
    assert page.status_code == 422
    visitor.get("/traffic")
    assert "Everything flows." in visitor.text()


def test_who_looks_may_not_stop_and_who_may_not_look_is_told_so(night: Night) -> None:
    """An auditor sees it without forms, and past the page it is refused; a clerk sees nothing."""
    auditor = _visitor(night, "audit")
    page = auditor.get("/traffic")
    assert page.status_code == 200
    assert "/traffic/halt" not in page.text
    operator = _visitor(night)
    operator.get("/traffic")
    form = operator.hidden("/traffic/halt")
    given = {"kind": "agency", "name": "1001", "mode": "pause", "why": "me"}
    assert auditor.post("/traffic/halt", {**form, **given}).status_code in (400, 403)
    assert _visitor(night, "wang").get("/traffic").status_code == 403
    assert "Everything flows." in operator.get("/traffic").text


def test_the_page_speaks_chinese(night: Night) -> None:
    """Its sentences are translated, the refusals of the mechanics too."""
    visitor = _visitor(night)
    visitor.get("/traffic")
    visitor.send("/language", language="zh")
    assert "一切畅通" in visitor.get("/traffic").text
    visitor.send("/traffic/halt", kind="route", name="Nothing", mode="pause", why="试")
    assert "没有“Nothing”这条路由" in visitor.text()


def test_whoever_follows_a_request_is_told_of_every_state() -> None:
    """What is paused too: a state without a sentence would break the page."""
    assert set(UNFINISHED) == set(InboxState) - {InboxState.HANDLED}
    assert {state.value for state in UNFINISHED} == set(words.UNFINISHED)
