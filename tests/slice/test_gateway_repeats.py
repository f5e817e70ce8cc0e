"""A repeat at the gateway: a question for its outcome, and never told more than is known."""

import threading
from pathlib import Path

import pytest

from adapters.xml import parse
from hub.envelope import Message, RequestId
from hub.ports import Answer, Published
from tests.contract.transports import until
from tests.slice import gateway_world
from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import envelope, place_booking, text_token
from tests.slice.gateway_world import SCHEMAS, gateway, silent

CANCELLED = SCHEMAS.write("{urn:lupu:ticketing:1}CancelBookingResponse", {"Status": "DONE"})
OTHER = RequestId("agent:1001", "PlaceBooking", "another")


def test_a_repeat_asks_for_the_outcome_only(tmp_path: Path) -> None:
    """Polling with the same request does not multiply the backlog: it becomes a query."""
    with gateway(tmp_path, reply_wait_seconds=0.1) as world:
        world.inside = silent
        for _ in range(3):
            assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"
        assert [message.type for message in world.seen] == [
            "PlaceBooking.1",
            "GetOutcome.1",
            "GetOutcome.1",
        ]
        assert len({str(message.id) for message in world.seen}) == 1
        world.inside = gateway_world.done
        assert document(world.post(envelope(place_booking())))["Status"] == "DONE"


def test_what_the_inside_does_not_know_in_time_is_sent_again(tmp_path: Path) -> None:
    """The broker lost it after all: a repeat brings it in, and not before it could have come."""

    def forgetful(message: Message) -> Answer | None:
        if message.type == "GetOutcome.1":
            return Answer("NotKnownYet.1", b'<NotKnownYet xmlns="urn:lupu:common:1"/>')
        return None

    with gateway(tmp_path, reply_wait_seconds=0.1) as world:
        world.inside = forgetful
        for _ in range(2):
            assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"
        assert [message.type for message in world.seen] == ["PlaceBooking.1", "GetOutcome.1"]
    with gateway(tmp_path, reply_wait_seconds=0.1, recent_seconds=0.0) as world:
        world.inside = forgetful
        for _ in range(2):
            assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"
        assert [message.type for message in world.seen] == [
            *("PlaceBooking.1", "GetOutcome.1", "PlaceBooking.1")
        ]


def test_an_inside_that_is_away_for_long_is_not_sent_the_same_again(tmp_path: Path) -> None:
    """Whoever polls all day multiplies nothing: without an answer a repeat stays a question."""
    with gateway(tmp_path, reply_wait_seconds=0.05, recent_seconds=0.0) as world:
        world.inside = silent
        for _ in range(5):
            assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"
        types = [message.type for message in world.seen]
    assert types == ["PlaceBooking.1", *["GetOutcome.1"] * 4]


def test_a_repeat_asks_for_the_outcome_of_its_own_values(tmp_path: Path) -> None:
    """The inside may know the reference by other values, and must be able to say so."""
    with gateway(tmp_path, reply_wait_seconds=0.1) as world:
        world.inside = silent
        for quantity in (1, 2, 2):
            world.post(envelope(place_booking(quantity=quantity)))
        *_, sent, asked = world.seen
    digest = SCHEMAS.digest("{urn:lupu:ticketing:1}PlaceBooking", sent.body)
    assert SCHEMAS.values(parse(asked.body)) == {"Digest": digest}


def test_another_body_under_the_same_reference_goes_inside(tmp_path: Path) -> None:
    """Only the same document is a repeat; another one is for the inside to refuse."""
    with gateway(tmp_path) as world:
        world.post(envelope(place_booking(quantity=1)))
        world.post(envelope(place_booking(quantity=2)))
        world.post(envelope(place_booking(quantity=1), text_token("1002")))
        assert [message.type for message in world.seen] == ["PlaceBooking.1"] * 3


@pytest.mark.parametrize("outcome", [Published.REFUSED, Published.NOT_SENT], ids=lambda o: o.name)
def test_a_repeat_is_received_even_where_the_question_is_not_taken(
    tmp_path: Path, outcome: Published
) -> None:
    """What was confirmed stays received, though asking for its outcome fails."""
    with gateway(tmp_path, reply_wait_seconds=0.1) as world:
        world.inside = silent
        world.post(envelope(place_booking()))
        world.publisher.outcome = outcome
        assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"


def test_a_repeat_that_is_not_sent_says_nothing_of_the_one_that_may_have_been(
    tmp_path: Path,
) -> None:
    """Told NotAccepted, an agency might book the same elsewhere: the outcome stays unknown."""
    with gateway(tmp_path, reply_wait_seconds=0.1) as world:
        world.inside = silent
        world.publisher.outcome = Published.UNKNOWN
        world.post(envelope(place_booking()))
        world.publisher.outcome = Published.NOT_SENT
        assert fault(world.post(envelope(place_booking()))).code == "OUTCOME_UNKNOWN"
        elsewhere = fault(world.post(envelope(place_booking("A-2"))))
    assert elsewhere.code == "NOT_ACCEPTED"


def test_a_repeat_in_other_words_is_not_told_that_nothing_was_sent(tmp_path: Path) -> None:
    """Whatever came under the reference in between: the first one may have arrived."""
    with gateway(tmp_path, reply_wait_seconds=0.1, recent_seconds=0.0) as world:
        world.inside = silent
        world.post(envelope(place_booking(quantity=2)))
        world.post(envelope(place_booking(quantity=3)))
        world.publisher.outcome = Published.NOT_SENT
        for quantity in (2, "02"):
            refused = fault(world.post(envelope(place_booking(quantity=quantity))))
            assert refused.code == "OUTCOME_UNKNOWN"


def test_a_repeat_while_the_first_still_waits_is_not_told_that_nothing_was_sent(
    tmp_path: Path,
) -> None:
    """The client gave up sooner than the gateway; the broker goes away in between."""
    with gateway(tmp_path, reply_wait_seconds=2.0) as world:
        world.inside = silent
        first = threading.Thread(target=world.post, args=(envelope(place_booking()),))
        first.start()
        assert until(lambda: len(world.seen) == 1)
        world.publisher.outcome = Published.NOT_SENT
        assert fault(world.post(envelope(place_booking()))).code != "NOT_ACCEPTED"
        first.join()


def test_what_was_never_sent_stays_so_however_often_it_is_repeated(tmp_path: Path) -> None:
    """A try that failed for certain leaves no doubt behind."""
    with gateway(tmp_path) as world:
        world.publisher.outcome = Published.NOT_SENT
        for _ in range(3):
            assert fault(world.post(envelope(place_booking()))).code == "NOT_ACCEPTED"
