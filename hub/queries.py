"""The loop of an application that answers queries."""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty

from hub.counting import from_nought
from hub.envelope import Message, request_of, to_wire
from hub.errors import LupuError
from hub.guard import Guard
from hub.inbox import reply
from hub.machine import MACHINE, Box, Machine
from hub.messages import Lane
from hub.outbox import reply_address
from hub.ports import (
    Answer,
    Clock,
    Consumer,
    Delivery,
    Metrics,
    Published,
    Publisher,
    Subscription,
)
from hub.steps import Step, Steps, followed
from hub.trace import CONSUMER, Tracer
from hub.worker import Run

_log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2

Query = Callable[[Message], Answer]


class QueryWorker:
    """Answers queries: never deduplicated, never stored; what fails is dropped and counted."""

    def __init__(
        self,
        queries: Mapping[str, Query],
        guard: Guard,
        publisher: Publisher,
        *,
        run: Run,
        account: str,
        clock: Clock,
        metrics: Metrics,
        machine: Machine = MACHINE,
        tracer: Tracer | None = None,
    ) -> None:
        """``queries`` by message type key."""
        self._queries = queries
        self._guard = guard
        self._publisher = publisher
        self._run_on_loop = run
        self._account = account
        self._clock = clock
        self._steps = Steps(clock, tracer)
        self._metrics = metrics
        self._taken: Box = machine.box()
        self._subscription: Subscription | None = None
        self._stopping = threading.Event()
        from_nought(metrics, "lupu_queries_failed_total", "lupu_queries_expired_total")

    def start(self, consumer: Consumer, queue: str, prefetch_max: int) -> None:
        """Subscribe; deliveries wait until ``run`` takes them."""
        self._subscription = consumer.subscribe(queue, prefetch_max, self._taken.put)

    def stop(self) -> None:
        """End ``run`` after the query under way."""
        self._stopping.set()

    def run(self) -> None:
        """Answer until ``stop``."""
        while not self._stopping.is_set():
            self.step()

    def step(self) -> None:
        """Answer one query, or wait for one a little."""
        try:
            delivery: Delivery = self._taken.get(timeout=IDLE_SECONDS)
        except Empty:
            return
        try:
            self._answer(self._guard.check(delivery.wire).message)
        except LupuError as error:
            self._metrics.count("lupu_queries_failed_total")
            facts = {"request": request_of(delivery.wire), "reason": str(error)[:300]}
            _log.warning("query.failed", extra=facts)
        except Exception as error:  # noqa: BLE001  the thread must go on answering others
            self._metrics.count("lupu_queries_failed_total")
            facts = {"request": request_of(delivery.wire), "error": type(error).__name__}
            _log.error("query.broken", extra=facts)
        self._run_on_loop(lambda: self._acknowledge(delivery.tag))

    def _answer(self, message: Message) -> None:
        now = self._clock.now()
        if message.expires_at is not None and now > message.expires_at:
            self._metrics.count("lupu_queries_expired_total")
            return
        step = self._steps.begin(message)
        answered = followed(reply(message, self._queries[message.type](message)), step)
        wire = to_wire(
            answered.passed(self._account, now), account=self._account, persistent=False
        )
        to = reply_address(answered, Lane.REPLIES)
        settled = partial(self._published, step)
        self._run_on_loop(lambda: self._publisher.publish(to, wire, settled))

    def _published(self, step: Step | None, outcome: Published) -> None:
        if step is not None:
            self._steps.end(step, "worker answer", CONSUMER)
        self._metrics.count("lupu_query_answers_total", outcome=outcome.value)

    def _acknowledge(self, tag: int) -> None:
        if self._subscription is not None:
            self._subscription.acknowledge(tag)
