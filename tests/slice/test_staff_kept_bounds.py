"""What the pages of kept messages act on: so many at once, and only what is reached from here."""

from pathlib import Path

from hub.parking import Place
from hub.ports import InboxState
from tests.slice.night import Night
from tests.slice.staff_visitor import Visitor
from tests.unit.parking.world import with_name


def visitor_of(night: Night, account: str) -> Visitor:
    """Return somebody who has signed in."""
    visitor = Visitor(night.staff)
    visitor.sign_in(account)
    return visitor


def test_one_press_acts_on_no_more_than_is_set(tmp_path: Path) -> None:
    """However many names a form has, those beyond are left as they are."""
    night = Night(tmp_path)
    (name,) = night.park()
    visitor = visitor_of(night, "oper")
    most = night.staff.work.settings.bulk_max
    before = [f"agent:1001/PlaceBooking/none-{number}" for number in range(most)]
    visitor.get(f"/kept/parked/message/{name}")
    said = {**visitor.hidden("/kept/parked/replay"), "name": [*before, name], "why": "a test"}
    visitor.post("/kept/parked/discard", said)
    assert night.parking.state(night.messages[0]) is InboxState.PARKED
    visitor.post("/kept/parked/discard", {**said, "name": [*before[1:], name]})
    assert night.parking.state(night.messages[0]) is InboxState.HANDLED


def test_a_correction_of_what_is_not_reached_is_not_there(tmp_path: Path) -> None:
    """Where nobody could look at its message nobody decides on it."""
    night = Night(tmp_path)
    (name,) = night.park()
    work, body = night.staff.work, with_name(night.messages[0].body, "李雷")
    number = work.propose(Place.PARKED, name, body, why="a test", who="oper")
    visitor, path = visitor_of(night, "audit"), f"/kept/correction/{number}"
    assert visitor.get(path).status_code == 200
    del work.shelves[Place.PARKED]
    assert visitor.get(path).status_code == 404
