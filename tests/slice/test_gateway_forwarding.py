"""What an agent is told: every ending of a request, from the broker's answer to the reply's."""

import threading
import time
from pathlib import Path

import pytest

from hub.envelope import Message, RequestId
from hub.inbox import reply
from hub.messages import Lane
from hub.ports import Answer, Published
from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import envelope, get_booking, place_booking
from tests.slice.gateway_world import SCHEMAS, gateway, silent, sold_out

CANCELLED = SCHEMAS.write("{urn:lupu:ticketing:1}CancelBookingResponse", {"Status": "DONE"})
OTHER = RequestId("agent:1001", "PlaceBooking", "another")


def test_a_booking_is_answered_with_what_the_inside_says(tmp_path: Path) -> None:
    """A request that is confirmed and answered in time returns the inside's document."""
    with gateway(tmp_path) as world:
        answer = document(world.post(envelope(place_booking())))
        assert answer["element"] == "PlaceBookingResponse"
        assert answer["Status"] == "DONE"
        (message,) = world.seen
    assert str(message.id) == "agent:1001/PlaceBooking/A-1"
    assert message.type == "PlaceBooking.1"
    assert message.sign_in == "password"
    assert message.reply_to == "replies.gateway-1.b00t"
    assert [hop.place for hop in message.hops] == ["gateway-1"]
    SCHEMAS.check("{urn:lupu:ticketing:1}PlaceBooking", message.body)


def test_a_refusal_of_the_inside_is_a_declared_fault(tmp_path: Path) -> None:
    """Sold out comes as the fault Refused, word for word."""
    with gateway(tmp_path) as world:
        world.inside = sold_out
        refused = fault(world.post(envelope(place_booking())))
    assert (refused.element, refused.code) == ("Refused", "SOLD_OUT")
    assert refused.values["SentenceZh"] == "已售完。"
    assert refused.fault_code == "Client"


def test_no_reply_in_time_is_received(tmp_path: Path) -> None:
    """A confirmed request without a reply is RECEIVED, and says when to ask again."""
    with gateway(tmp_path, reply_wait_seconds=0.1, ask_again_seconds=7) as world:
        world.inside = silent
        answer = document(world.post(envelope(place_booking())))
    assert (answer["Status"], answer["AskAgainSeconds"]) == ("RECEIVED", 7)
    assert answer["RequestReference"] == "A-1"


@pytest.mark.parametrize(
    "outcome", [Published.NOT_SENT, Published.RETURNED, Published.REFUSED], ids=lambda o: o.name
)
def test_what_did_not_arrive_is_not_accepted(tmp_path: Path, outcome: Published) -> None:
    """Nothing sent, returned or refused: NotAccepted, within a second."""
    with gateway(tmp_path) as world:
        world.publisher.outcome = outcome
        began = time.monotonic()
        refused = fault(world.post(envelope(place_booking())))
        assert time.monotonic() - began < 1
        assert world.seen == []
    assert (refused.element, refused.code) == ("NotAccepted", "NOT_ACCEPTED")
    assert refused.values["Retryable"] is True
    assert refused.fault_code == "Server"


def test_what_is_not_confirmed_is_unknown_within_a_second(tmp_path: Path) -> None:
    """A confirm that does not come is OutcomeUnknown, never a hang."""
    with gateway(tmp_path) as world:
        world.inside = silent
        world.publisher.stalled = True
        began = time.monotonic()
        refused = fault(world.post(envelope(place_booking())))
        assert time.monotonic() - began < 1
    assert (refused.element, refused.code) == ("OutcomeUnknown", "OUTCOME_UNKNOWN")


def test_a_lost_connection_is_unknown(tmp_path: Path) -> None:
    """A connection lost before the confirm leaves the outcome unknown."""
    with gateway(tmp_path) as world:
        world.publisher.outcome = Published.UNKNOWN
        refused = fault(world.post(envelope(place_booking())))
    assert refused.element == "OutcomeUnknown"


def test_a_reply_proves_what_no_confirm_said(tmp_path: Path) -> None:
    """Where the confirm is missing but the reply is there, the reply is the answer."""
    with gateway(tmp_path) as world:
        world.publisher.stalled = True
        assert document(world.post(envelope(place_booking())))["Status"] == "DONE"


def test_a_query_is_short_lived_and_repeats_are_asked_again(tmp_path: Path) -> None:
    """Queries have an end, are numbered by the gateway and never taken for repeats."""
    with gateway(tmp_path) as world:
        for _ in range(2):
            assert document(world.post(envelope(get_booking())))["Status"] == "DONE"
        assert len({str(message.id) for message in world.seen}) == 2
        assert all(message.expires_at is not None for message in world.seen)


def test_what_is_not_known_yet_says_so(tmp_path: Path) -> None:
    """GetBooking behind an unhandled PlaceBooking is NOT_KNOWN_YET, not a refusal."""

    def not_known(_message: Message) -> Answer:
        return Answer("NotKnownYet.1", b'<NotKnownYet xmlns="urn:lupu:common:1"/>')

    with gateway(tmp_path) as world:
        world.inside = not_known
        assert document(world.post(envelope(get_booking())))["Status"] == "NOT_KNOWN_YET"
        assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"


def test_a_query_without_an_answer_changed_nothing(tmp_path: Path) -> None:
    """A query that nobody answers in time is NotAccepted: ask again."""
    with gateway(tmp_path) as world:
        world.inside = silent
        refused = fault(world.post(envelope(get_booking())))
    assert refused.element == "NotAccepted"
    assert refused.values["Retryable"] is True


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("PlaceBookingResponse.1", b"<PlaceBookingResponse xmlns='urn:lupu:ticketing:1'/>"),
        ("CancelBookingResponse.1", CANCELLED),
        ("PlaceBooking.1", place_booking().encode()),
        ("PlaceBookingResponse.1", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("Nonsense.1", b""),
    ],
    ids=["invalid", "another operation's", "a request", "a DTD", "unknown"],
)
def test_a_reply_that_breaks_its_contract_is_not_passed_on(
    tmp_path: Path, kind: str, body: bytes
) -> None:
    """The outside broker is not trusted: a reply that is none counts as not there."""
    with gateway(tmp_path, reply_wait_seconds=0.2) as world:
        world.inside = lambda _: Answer(kind, body)
        assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"
        assert world.metrics.counts["lupu_gateway_replies_refused_total"] == 1


def test_a_reply_to_another_request_is_not_passed_on(tmp_path: Path) -> None:
    """However right it is: nobody is told the outcome of what he did not ask for."""
    with gateway(tmp_path, reply_wait_seconds=0.2) as world:
        world.reply = lambda one, said: reply(one, said)._replace(id=OTHER)
        assert document(world.post(envelope(place_booking())))["Status"] == "RECEIVED"


def test_only_so_many_wait_and_the_rest_is_received_at_once(tmp_path: Path) -> None:
    """Above the bound of waiting requests the answer is RECEIVED, without waiting."""
    with gateway(tmp_path, waiting_max=2, reply_wait_seconds=3.0) as world:
        world.inside = silent
        threads = [
            threading.Thread(target=world.post, args=(envelope(place_booking(f"W-{n}")),))
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        while world.requester.waiting() < 2:
            time.sleep(0.01)
        began = time.monotonic()
        assert document(world.post(envelope(place_booking("W-3"))))["Status"] == "RECEIVED"
        assert time.monotonic() - began < 1
        assert world.metrics.counts[f"lupu_gateway_crowded_total {Lane.REQUESTS.value}"] == 1
        for thread in threads:
            thread.join()


def test_many_agents_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    """Replies never cross: each request is answered with its own."""

    def echo(message: Message) -> Answer:
        values = {"Status": "DONE", "RequestReference": message.id.reference}
        body = SCHEMAS.write("{urn:lupu:ticketing:1}PlaceBookingResponse", values)
        return Answer("PlaceBookingResponse.1", body)

    with gateway(tmp_path) as world:
        world.inside = echo
        answers: dict[str, object] = {}

        def place(number: int) -> None:
            for turn in range(10):
                reference = f"M-{number}-{turn}"
                answer = document(world.post(envelope(place_booking(reference))))
                answers[reference] = answer["RequestReference"]

        threads = [threading.Thread(target=place, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 80
    assert all(reference == answer for reference, answer in answers.items())
