"""The hub: the channel between the two brokers. Dials both, listens nowhere."""

import gc
import logging
import signal
from collections.abc import Callable

from adapters import logs, metrics
from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.quarantine import QueueQuarantine
from adapters.xml import Schemas
from hub.bridge import Bridge, Hub, Side
from hub.settings import Configuration, InsideBroker, Log, Metrics, OutsideBroker

_log = logging.getLogger(__name__)

# Thousands of messages are under way and none is garbage: look for it seldom.
GARBAGE_THRESHOLDS = (20_000, 20, 20)


def run(configuration: Configuration) -> None:
    """Move messages until SIGTERM or SIGINT."""
    outside = configuration.read(OutsideBroker)
    inside = configuration.read(InsideBroker)
    logs.configure(configuration.read(Log).level)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    registry = metrics.PrometheusMetrics()
    loop = Loop()
    name = configuration.name
    links = (
        AmqpConsumer(loop, outside, name),
        AmqpPublisher(loop, outside, name),
        AmqpConsumer(loop, inside, name),
        AmqpPublisher(loop, inside, name),
    )
    Bridge(
        place=name,
        outside=Side(links[0], links[1]),
        inside=Side(links[2], links[3]),
        contracts=Schemas(),
        clock=SystemClock(),
        metrics=registry,
        later=loop,
        quarantine_on=lambda publisher: QueueQuarantine(publisher, name),
    ).start(configuration.read(Hub))
    registry.serve(configuration.read(Metrics))
    for link in links:
        link.start()
    _end_on_signal(loop, [link.stop for link in links])
    _log.info("hub.started", extra={"component": name})
    loop.run()
    _log.info("hub.ended", extra={"component": name})


def _end_on_signal(loop: Loop, stops: list[Callable[[], None]]) -> None:
    def end(_number: int, _frame: object) -> None:
        for stop in stops:
            stop()
        loop.call(lambda: loop.call_later(0.5, loop.stop))

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
