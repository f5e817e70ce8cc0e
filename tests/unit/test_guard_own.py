"""What a component sends for itself: its own book's pages, what it stopped, and nothing else."""

from typing import Any

import pytest

from hub.envelope import RequestId, Transmission
from hub.errors import NotAllowed
from tests.unit.test_guard import STAFF, guard, inside_guard, sent

PAGE: dict[str, Any] = {
    "type": "BookPage.1",
    "id": RequestId("gateway:gateway-1", "BookPage", "b00t.1.1"),
}
NOT_ITS_OWN: dict[str, dict[str, Any]] = {
    "another gateway's page": {"id": RequestId("gateway:gateway-2", "BookPage", "b00t.1.1")},
    "a page in an agent's name": {"id": RequestId("agent:1001", "BookPage", "b00t.1.1")},
    "a booking in a gateway's own name": {
        "type": "PlaceBooking.1",
        "id": RequestId("gateway:gateway-1", "PlaceBooking", "A-1"),
    },
    "a page of what is no gateway": {
        "id": RequestId("gateway:bank-1", "BookPage", "b00t.1.1"),
        "transmission": Transmission("bank-1", "b00t", 1),
        "reply_to": "replies.bank-1.b00t",
        "account": "bank-1",
    },
}


def test_a_gateway_sends_pages_of_its_own_book_and_the_hub_brings_them() -> None:
    """In its own name it may send these, and nothing else."""
    assert guard().check(sent(**PAGE))
    assert inside_guard().check(sent("hub-1", **PAGE))


NOTICE: dict[str, Any] = {
    "type": "Stopped.1",
    "id": RequestId("hub:hub-1", "Stopped", "ab"),
    "transmission": Transmission("hub-1", "b00t", 1),
    "reply_to": "",
}


def test_the_hub_tells_inside_what_it_stopped_and_nobody_else_does() -> None:
    """Not another hub, not a gateway through the hub, not the staff; and never from outside.

    An operator brings again what the hub said, in the hub's name alone.
    """
    assert inside_guard().check(sent("hub-1", **NOTICE))
    assert inside_guard().check(sent("operator-1", **NOTICE))
    for account, changes in (
        ("hub-2", {}),
        ("operator-1", {"transmission": Transmission("operator-1", "b00t", 1)}),
        ("operator-1", {"id": RequestId("operator:operator-1", "Stopped", "ab")}),
        ("ticketing-1", {}),
        ("hub-1", {"transmission": Transmission("gateway-1", "b00t", 1)}),
        ("hub-1", {"type": "PlaceBooking.1", "id": RequestId("hub:hub-1", "PlaceBooking", "A")}),
        ("staff-1", {"transmission": Transmission("staff-1", "b00t", 1)}),
    ):
        with pytest.raises(NotAllowed):
            inside_guard().check(sent(account, **{**NOTICE, **changes}))
    for account, origin in (("hub-1", "hub-1"), ("gateway-1", "gateway-1")):
        wire = sent(account, **{**NOTICE, "transmission": Transmission(origin, "b00t", 1)})
        with pytest.raises(NotAllowed):
            guard().check(wire)


@pytest.mark.parametrize("case", NOT_ITS_OWN)
def test_nobody_sends_pages_in_anothers_name(case: str) -> None:
    """Neither past the gateway nor inside, where the hub brings only what gateways sent."""
    changes = {**PAGE, **NOT_ITS_OWN[case]}
    with pytest.raises(NotAllowed):
        guard().check(sent(**changes))
    with pytest.raises(NotAllowed):
        inside_guard().check(sent(**{**changes, "account": "hub-1"}))
    with pytest.raises(NotAllowed):
        inside_guard().check(sent(**{**STAFF, **PAGE}))
