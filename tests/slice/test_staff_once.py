"""What the pages say of a reference that was used twice, and of answers no longer kept."""

from datetime import timedelta

import pytest

from adapters.database import Pruning
from adapters.database.tables import ANSWER, BODY
from tests.slice.staff_visitor import STANDARD_LINE, Visitor
from tests.slice.staff_world import StaffWorld
from tests.unit.hub_world import CountedMetrics

CONTACT = {"kind": "INDIVIDUAL", "name": "李小龙", "telephone": "021 6847 1234"}


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (1, "The same reference came once more with other contents and was refused."),
        (2, "The same reference came 2 more times with other contents and was refused."),
    ],
)
def test_a_bookings_page_says_that_its_reference_was_used_again(
    clerk: Visitor, times: int, said: str
) -> None:
    """How often, when, and by which sending; a booking whose reference was not says nothing."""
    other = clerk.place()
    assert "The same reference" not in clerk.text()
    clerk.get("/bookings/new")
    fields = {**clerk.hidden("/bookings/new"), **CONTACT, **STANDARD_LINE}
    clerk.post("/bookings/new", fields)
    reference = clerk.reference()
    for number in range(times):
        clerk.post("/bookings/new", {**fields, "name": f"王小明 {number}"})
    page = clerk.get(f"/bookings/{reference}")
    assert said in clerk.text()
    assert page.text.count("<code>staff-1.b.") == times
    assert reference != other


def test_a_form_sent_long_ago_still_finds_its_outcome(world: StaffWorld, clerk: Visitor) -> None:
    """Though document and answer were pruned: what was done leads to its booking, a no to why."""
    tokens = []
    for quantity in ("2", "1000"):
        clerk.get("/bookings/new")
        fields = {**clerk.hidden("/bookings/new"), **CONTACT, **STANDARD_LINE}
        clerk.post("/bookings/new", {**fields, "quantity": quantity})
        tokens.append(fields["token"])
    done, refused = (f"/sent/PlaceBooking/{token}" for token in tokens)
    later = CountedMetrics()
    kept = {kind: timedelta(days=-1) for kind in (BODY, ANSWER)}
    Pruning(world.database, world.clock, later, kept=kept, operations=["PlaceBooking"])()
    assert later.counts["lupu_inbox_pruned_total ANSWER"] == len(tokens)
    assert clerk.get(done).request.path == f"/bookings/{clerk.reference()}"
    assert clerk.get(refused).status_code == 200
    assert "must be between … and …" in clerk.text()
