"""The hub: the channel between the two brokers. Dials both, listens nowhere."""

import gc
import logging
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial

from adapters import logs, metrics
from adapters.admission import known_agents
from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.expiry import show_days_left
from adapters.quarantine import QueueQuarantine
from adapters.sealing import sealing_of
from adapters.tracing import tracer_of
from adapters.xml import Schemas
from hub.bridge import Bridge, Hub, Side
from hub.channel import Channel
from hub.messages import ONCE
from hub.ports import Metrics as Registry
from hub.rates import AcceptedRates
from hub.sealing import Seals
from hub.settings import Broker, Configuration, InsideBroker, Log, Metrics, OutsideBroker
from hub.watch import QuarantineWatch, QueueWatch, every

_log = logging.getLogger(__name__)

# Thousands of messages are under way and none is garbage: look for it seldom.
GARBAGE_THRESHOLDS = (20_000, 20, 20)
SETTLE_SECONDS_MAX = 5.0
SETTLE_POLL_SECONDS = 0.02
CLOSE_SECONDS = 0.5
MEASURE_SECONDS = 5.0
QUEUES_SECONDS = 10.0
# Of the bridge's channels the first so many go in.
INWARD = len(ONCE) + 1

Stop = Callable[[], None]


def run(configuration: Configuration) -> None:
    """Move messages until SIGTERM or SIGINT."""
    outside, inside = configuration.read(OutsideBroker), configuration.read(InsideBroker)
    logs.configure(configuration.read(Log).level)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    clock = SystemClock()
    sealed = sealing_of(configuration, clock, opens=True)
    registry = metrics.PrometheusMetrics()
    tracer = tracer_of(configuration, registry)
    loop = Loop()
    name = configuration.name
    links = (*_links(loop, outside, name), *_links(loop, inside, name))
    hub, schemas = configuration.read(Hub), Schemas()
    rates = AcceptedRates(hub.agent_rate_times, hub.agent_backlog_seconds)
    agents = known_agents(links[2], schemas, clock, registry, rates=rates)
    channels = Bridge(
        place=name,
        outside=Side(links[0], links[1]),
        inside=Side(links[2], links[3]),
        contracts=schemas,
        clock=clock,
        metrics=registry,
        later=loop,
        seals=Seals(sealed.opener, sealed.sealer, sealed.editions_for),
        quarantine_on=lambda publisher: QueueQuarantine(publisher, name, clock),
        agents=agents,
        tracer=tracer,
    ).start(hub)
    _watch("outside", links[0], channels[:INWARD], loop=loop, metrics=registry)
    _watch("inside", links[2], channels[INWARD:], loop=loop, metrics=registry)
    every(MEASURE_SECONDS, agents.measure, loop)
    show_days_left(registry, (outside, inside))
    registry.serve(configuration.read(Metrics))
    for link in links:
        link.start()
    _Ending(loop, channels, [link.stop for link in links]).listen()
    _log.info("hub.started", extra={"component": name})
    loop.run()
    tracer.close()
    _log.info("hub.ended", extra={"component": name})


def _watch(
    side: str,
    consumer: AmqpConsumer,
    channels: Sequence[Channel],
    *,
    loop: Loop,
    metrics: Registry,
) -> None:
    count, clock = consumer.count, SystemClock()
    QuarantineWatch(side, count, later=loop, clock=clock, metrics=metrics).start()
    for channel in channels:
        queue = channel.queue
        watch = QueueWatch(side, queue, count, taker=channel, clock=clock, metrics=metrics)
        every(QUEUES_SECONDS, watch.look, loop)


def _links(loop: Loop, broker: Broker, name: str) -> tuple[AmqpConsumer, AmqpPublisher]:
    return AmqpConsumer(loop, broker, name), AmqpPublisher(loop, broker, name)


class _Ending:
    """Ends the process without leaving anything in doubt: what was taken first settles.

    What is published and not yet acknowledged would come again to another hub, and cross twice.
    """

    def __init__(self, loop: Loop, channels: Sequence[Channel], stops: Sequence[Stop]) -> None:
        self._loop = loop
        self._channels = channels
        self._stops = stops

    def listen(self) -> None:
        """End when SIGTERM or SIGINT comes."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.on_signal)

    def on_signal(self, _number: int, _frame: object) -> None:
        """Begin; the signal comes on the loop's own thread, between any two of its steps."""
        self._loop.call(self._begin)

    def _begin(self) -> None:
        for channel in self._channels:
            channel.end()
        self._leave(time.monotonic() + SETTLE_SECONDS_MAX)

    def _leave(self, deadline: float) -> None:
        settled = all(channel.settled() for channel in self._channels)
        if not settled and time.monotonic() < deadline:
            self._loop.call_later(SETTLE_POLL_SECONDS, partial(self._leave, deadline))
            return
        for stop in self._stops:
            stop()
        self._loop.call_later(CLOSE_SECONDS, self._loop.stop)
