"""A subscription has one channel at most, whatever comes while another is being opened."""

from collections.abc import Callable
from typing import cast

import pytest

from adapters.amqp.loop import Loop
from adapters.amqp.reading import Read
from adapters.amqp.subscription import BEHIND_SECONDS, RESUBSCRIBE_SECONDS_MAX, AmqpSubscription
from hub.envelope import to_wire
from hub.ports import Delivery
from tests.unit.channel_world import HandMovedLoop, said
from tests.unit.hub_world import booking
from tests.unit.pika_channels import FakeConnection

QUEUE = "inward.requests"
ANSWER_SECONDS_MAX = 30.0
WIRE = to_wire(booking())


class Served:
    """A subscription on a fake connection, and what it was given."""

    def __init__(self, *, exclusive: bool = False) -> None:
        self.loop = HandMovedLoop()
        self.given: list[Delivery] = []
        self.subscription = AmqpSubscription(
            cast("Loop", self.loop),
            QUEUE,
            100,
            self.given.append,
            answer_seconds_max=ANSWER_SECONDS_MAX,
            give_up=self._break_off,
            exclusive=exclusive,
        )
        self.reasons: list[str] = []
        self.connection = FakeConnection()
        self.subscription.connected(self.connection)

    def _break_off(self, reason: str) -> None:
        self.reasons.append(reason)
        self.connection.is_open = False
        self.subscription.disconnected()

    def deliver(self, number: int, *tags: int) -> None:
        """Deliver on the channel of this number."""
        for tag in tags:
            self.connection.deliver[number](Read(0, tag, redelivered=False, wire=WIRE))


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("answers", range(6))
def test_pause_and_resume_at_any_step_leave_one_channel(answers: int, *, exclusive: bool) -> None:
    """Whichever answer is still on its way, the older channel is closed and consumes nothing."""
    served = Served(exclusive=exclusive)
    first = served.connection.channels[0]
    for _ in range(answers):
        if first.waiting:
            first.answer()
    served.subscription.pause()
    assert served.connection.held() == []
    consumed = list(first.consumed)
    served.subscription.resume()
    assert not served.subscription.served()
    served.connection.answer_all()
    assert served.connection.held() == [2]
    assert first.consumed == consumed
    assert served.subscription.served()


@pytest.mark.parametrize(("exclusive", "answers"), [(False, 3), (True, 5)])
def test_an_answer_on_a_channel_that_was_left_is_not_gone_on_with(
    answers: int, *, exclusive: bool
) -> None:
    """Whatever comes late on the older channel asks nothing more there and says nothing."""
    for given in range(answers):
        served = Served(exclusive=exclusive)
        first = served.connection.channels[0]
        for _ in range(given):
            first.answer()
        late, asked, limit = first.waiting[0], list(first.consumed), first.prefetch_count
        served.subscription.pause()
        served.subscription.resume()
        closing = list(first.waiting)
        late()
        assert first.waiting == closing
        assert (first.consumed, first.prefetch_count) == (asked, limit)
        assert not served.subscription.served()


def test_another_connection_leaves_the_channel_of_the_one_before() -> None:
    """Connected twice, say, without a word of the loss between: one channel is held."""
    served = Served()
    served.connection.answer_all()
    served.subscription.connected(served.connection)
    served.connection.answer_all()
    assert served.connection.held() == [2]


def test_a_retry_that_comes_due_while_another_channel_opens_opens_no_second() -> None:
    """Lost, paused, resumed: the retry of before belongs to nobody."""
    served = Served()
    served.connection.answer_all()
    served.connection.channels[0].end(ConnectionError("404 no queue"))
    served.subscription.pause()
    served.subscription.resume()
    served.loop.pass_seconds(5)
    served.connection.answer_all()
    assert len(served.connection.channels) == 2
    assert served.connection.held() == [2]


def test_served_is_true_only_of_the_present_channel() -> None:
    """Paused on purpose counts as served; resumed, not before the broker serves again."""
    served = Served()
    assert not served.subscription.served()
    served.connection.answer_all()
    assert served.subscription.served()
    served.subscription.pause()
    assert served.subscription.served()
    served.subscription.resume()
    assert not served.subscription.served()
    served.connection.answer_all()
    assert served.subscription.served()


def test_a_resume_can_bring_another_prefetch() -> None:
    """One message to try with, then as many as before."""
    served = Served()
    for prefetch_max in (1, 100):
        served.connection.answer_all()
        served.subscription.pause()
        served.subscription.resume(prefetch_max)
    served.connection.answer_all()
    assert [channel.prefetch_count for channel in served.connection.channels] == [100, 1, 100]


@pytest.mark.parametrize("end", ["pause", "flush_all"])
def test_what_is_done_behind_an_open_message_is_acknowledged_before_the_end(end: str) -> None:
    """The message at the head comes again, those behind it that are done do not."""
    served = Served()
    served.connection.answer_all()
    served.deliver(1, 1, 2, 3, 4, 5)
    for delivery in (served.given[0], served.given[2], served.given[4]):
        served.subscription.acknowledge(delivery.tag)
    finish: Callable[[], None] = getattr(served.subscription, end)
    finish()
    assert served.connection.channels[0].acknowledged == [(1, True), (3, False), (5, False)]


def test_nothing_is_acknowledged_twice_once_what_took_long_is_done() -> None:
    """A second acknowledgement of one delivery would close the channel."""
    served = Served()
    served.connection.answer_all()
    served.deliver(1, 1, 2, 3, 4)
    for delivery in served.given[1:3]:
        served.subscription.acknowledge(delivery.tag)
    served.loop.pass_seconds(BEHIND_SECONDS)
    served.subscription.acknowledge(served.given[0].tag)
    served.subscription.acknowledge(served.given[3].tag)
    served.loop.pass_seconds(BEHIND_SECONDS)
    singly = [(2, False), (3, False)]
    assert served.connection.channels[0].acknowledged == [*singly, (4, True)]


def test_a_missing_queue_is_said_once_tried_seldom_and_its_return_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An hour without the queue is one line, and as many tries as the backoff allows."""
    caplog.set_level("INFO")
    served = Served()
    for _ in range(3_600):
        for channel in served.connection.channels:
            if channel.consumed and channel.waiting:
                channel.end(ConnectionError("404 NOT_FOUND - no queue"))
            elif channel.waiting:
                channel.answer()
        served.loop.pass_seconds(1)
    assert said(caplog, "amqp.subscription_lost") == 1
    assert 100 < len(served.connection.channels) < 300
    for _ in range(int(RESUBSCRIBE_SECONDS_MAX) + 1):
        served.connection.answer_all()
        served.loop.pass_seconds(1)
    assert said(caplog, "amqp.subscription_served") == 1
    assert served.subscription.served()


def test_a_queue_deleted_under_its_consumer_is_named_as_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The broker's cancel closes the channel, and the log says why."""
    served = Served()
    served.connection.answer_all()
    channel = served.connection.channels[0]
    channel.cancelled[0](None)
    assert not served.subscription.served()
    served.connection.answer_all()
    (record,) = caplog.records
    assert "its queue has gone" in record.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize(("exclusive", "answers"), [(False, 3), (True, 5)])
def test_a_broker_that_does_not_answer_is_given_up_once(answers: int, *, exclusive: bool) -> None:
    """At whichever step it falls silent, another connection is dialled, and serves."""
    for given in range(answers):
        served = Served(exclusive=exclusive)
        for _ in range(given):
            served.connection.channels[0].answer()
        served.loop.pass_seconds(ANSWER_SECONDS_MAX - 1)
        assert served.reasons == []
        served.loop.pass_seconds(2)
        assert served.reasons == [f"a consumer of {QUEUE} has not been answered for 30 s"]
        served.connection = FakeConnection()
        served.subscription.connected(served.connection)
        served.connection.answer_all()
        served.loop.pass_seconds(2 * ANSWER_SECONDS_MAX)
        assert len(served.reasons) == 1
        assert served.subscription.served()


def test_who_is_served_or_paused_gives_nothing_up() -> None:
    """A deadline of before is of no channel that came later, nor of one that was left."""
    served = Served()
    served.subscription.pause()
    served.loop.pass_seconds(ANSWER_SECONDS_MAX - 1)
    served.subscription.resume()
    served.loop.pass_seconds(2)
    served.connection.answer_all()
    served.loop.pass_seconds(2 * ANSWER_SECONDS_MAX)
    assert served.reasons == []
    assert served.subscription.served()
