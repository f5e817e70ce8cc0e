"""Of what is drained a gateway accepts nothing new; what was accepted is answered for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.traffic import Kind, Target
from tests.slice.gateway_answers import fault
from tests.slice.gateway_requests import envelope, place_booking
from tests.slice.gateway_world import SCHEMAS, World, gateway, silent

BOOKING = place_booking()
PLACING = (
    Target(Kind.ROUTE, "ticketing"),
    Target(Kind.ROUTE, "PlaceBooking"),
    Target(Kind.AGENCY, "1001"),
)
OTHERS = (
    Target(Kind.ROUTE, "CancelBooking"),
    Target(Kind.AGENCY, "1002"),
    Target(Kind.GATEWAY, "gateway-2"),
)


def drain(world: World, *targets: Target, version: int = 1) -> None:
    """Publish what is drained."""
    values = {
        "Version": version,
        "PublishedAt": datetime.now(UTC),
        "Drained": [str(one) for one in targets],
    }
    body = SCHEMAS.write("{urn:lupu:published:1}Traffic", values)
    assert world.served.traffic.offer(body)


@pytest.mark.parametrize("target", PLACING, ids=str)
def test_a_new_request_is_refused_until_it_is_resumed(tmp_path: Path, target: Target) -> None:
    """It is told that nothing was sent and when to ask again; nothing reaches the inside."""
    with gateway(tmp_path) as world:
        drain(world, target)
        refused = fault(world.post(envelope(BOOKING)))
        assert (refused.element, refused.code) == ("NotAccepted", "NOT_TAKEN_NOW")
        assert world.seen == []
        assert world.metrics.counts["lupu_gateway_drained_total PlaceBooking"] == 1
        drain(world, version=2)
        assert "DONE" in world.post(envelope(BOOKING)).text


@pytest.mark.parametrize("target", OTHERS, ids=str)
def test_what_is_not_drained_is_accepted(tmp_path: Path, target: Target) -> None:
    """Others are not touched."""
    with gateway(tmp_path) as world:
        drain(world, target)
        assert "DONE" in world.post(envelope(BOOKING)).text
        assert world.open("GET", "/health").status == 200


def test_a_drained_gateway_has_itself_left_out_and_refuses_nothing(tmp_path: Path) -> None:
    """Its balancer sends it nothing new; what reaches it meanwhile is done."""
    with gateway(tmp_path) as world:
        drain(world, Target(Kind.GATEWAY, "gateway-1"))
        health = world.open("GET", "/health")
        assert health.status == 503
        assert '"drained"' in health.text
        assert "DONE" in world.post(envelope(BOOKING)).text


def test_a_repeat_of_what_was_accepted_gets_its_outcome(tmp_path: Path) -> None:
    """A drain stops what is new; a repeat of what may have arrived is not told otherwise."""
    with gateway(tmp_path) as world:
        assert "DONE" in world.post(envelope(BOOKING)).text
        drain(world, Target(Kind.AGENCY, "1001"))
        assert world.post(envelope(BOOKING)).status == 200
        assert [one.type for one in world.seen] == ["PlaceBooking.1", "GetOutcome.1"]


def test_a_repeat_of_what_may_have_arrived_is_not_told_that_nothing_was_sent(
    tmp_path: Path,
) -> None:
    """The broker never said whether it took it: so it may be done."""
    with gateway(tmp_path) as world:
        world.publisher.stalled, world.inside = True, silent
        assert fault(world.post(envelope(BOOKING))).code == "OUTCOME_UNKNOWN"
        drain(world, Target(Kind.AGENCY, "1001"))
        assert fault(world.post(envelope(BOOKING))).code == "OUTCOME_UNKNOWN"


def test_what_is_drained_outlives_the_gateway(tmp_path: Path) -> None:
    """A gateway that starts while the inside is away keeps to what was said last."""
    with gateway(tmp_path) as world:
        drain(world, Target(Kind.AGENCY, "1001"))
    with gateway(tmp_path) as world:
        assert fault(world.post(envelope(BOOKING))).code == "NOT_TAKEN_NOW"
