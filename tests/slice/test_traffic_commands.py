"""``lupu traffic`` as somebody at a terminal uses it."""

import re
from datetime import UTC, datetime

import pytest

from hub.errors import NotAllowed
from internal_apps.parking.domain import Forbidden
from tests.slice.test_kept_commands import Lupu, run, world
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import booking_values

__all__ = ["run", "world"]


def test_somebody_pauses_looks_and_lets_it_go_on(world: ParkingWorld, run: Lupu) -> None:
    """What is stopped, for how long, by whom, why and how much it keeps, is a table."""
    assert "everything flows" in run("traffic", "list")
    said = run("traffic", "pause", "agency", "1001", "--why", "asked for", "--as", "wang")
    assert said == "agency:1001 is paused\n"
    message = world.worker.message("PlaceBooking", booking_values())
    world.worker.handle(message)
    run("traffic", "drain", "route", "CancelBooking", "--why", "prices", "--as", "li")
    listed = run("traffic", "list")
    assert re.search(r"agency +1001 +paused +\d+ s +1 +wang +asked for", listed)
    assert re.search(r"route +CancelBooking +drained +\d+ s +- +li +prices", listed)
    assert run("traffic", "resume", "agency", "1001", "--why", "done", "--as", "li") == (
        "agency:1001 is paused no more\n"
    )
    world.clock.at = datetime.now(UTC)  # the commands have no other
    world.later(0)
    assert world.worker.outcome(message).code == "DONE"


def test_what_is_both_paused_and_drained_goes_on_by_one_command(run: Lupu) -> None:
    """Whoever lets it go on need not know how it was stopped."""
    for mode in ("pause", "drain"):
        run("traffic", mode, "gateway", "gateway-1", "--why", "a test", "--as", "wang")
    run("traffic", "resume", "gateway", "gateway-1", "--why", "over", "--as", "wang")
    assert "everything flows" in run("traffic", "list")


def test_who_may_not_or_names_nothing_stops_nothing(run: Lupu) -> None:
    """A clerk, a route that is none, an end of what has not begun: each is said."""
    with pytest.raises(NotAllowed, match="that role may not"):
        run("traffic", "pause", "agency", "1001", "--why", "me", "--as", "chen")
    with pytest.raises(NotAllowed, match="There is no route 'Placebooking'"):
        run("traffic", "pause", "route", "Placebooking", "--why", "typo", "--as", "wang")
    with pytest.raises(Forbidden, match="has not begun"):
        run("traffic", "resume", "agency", "1001", "--why", "typo", "--as", "wang")
    assert "everything flows" in run("traffic", "list")
