"""Running an application: the same wiring for every capability's worker process."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from adapters import logs
from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.database import (
    DatabaseSettings,
    InboxStore,
    Migrations,
    Pruning,
    RowsWatch,
)
from adapters.database.tables import ANSWER
from adapters.expiry import show_days_left
from adapters.metrics import PrometheusMetrics
from adapters.quarantine import QueueQuarantine
from adapters.tracing import tracer_of
from adapters.xml import Schemas
from hub.counting import from_nought
from hub.envelope import RequestId
from hub.errors import LupuError, SettingsError, broken_at
from hub.guard import INSIDE, Guard
from hub.inbox import Handler, Inbox, Limits, LineOf, Rebuild, Refusals
from hub.intake import Source
from hub.messages import MESSAGES, ONCE, Direction, Lane, inside_queue, lanes, operations
from hub.outbox import Outbox
from hub.ports import Answer, Clock, Consumer, Contracts, Metrics, Publisher, Quarantine
from hub.queries import Query, QueryWorker
from hub.settings import Configuration, InsideBroker, Log
from hub.settings import Metrics as MetricsSettings
from hub.trace import Tracer
from hub.turns import no_line
from hub.watch import Count, QueueWatch, every
from hub.worker import OfLane, Pace, RequestWorker, Run
from internal_apps.answering import REFUSALS, nothing_earlier, stored_outcome
from internal_apps.settings import Worker

_log = logging.getLogger(__name__)

END_SECONDS_MAX = 10.0
QUEUES_SECONDS = 10.0
GET_OUTCOME = "GetOutcome.1"


@dataclass(frozen=True, slots=True)
class Application:
    """One capability as its worker sees it.

    ``handlers`` and ``queries`` by message type key, for every row that the map gives it;
    ``chores`` are called about every second, each in transactions of its own; ``migrations`` is
    its line of schema versions. GetOutcome and the tidying of outbox and inbox come with the
    worker. ``line_of`` names the business object that a request is about: while one request for
    it is kept, later ones wait (``hub/turns.py``). ``rebuild`` says an outcome anew whose answer
    was pruned; without it answers are kept for ever. ``contracts`` may say otherwise when two
    requests are the same.
    """

    name: str
    handlers: Mapping[str, Handler]
    migrations: Path
    queries: Mapping[str, Query] = field(default_factory=dict)
    chores: Sequence[Callable[[], None]] = ()
    refusals: Refusals = REFUSALS
    rebuild: Rebuild | None = None
    line_of: LineOf = no_line
    contracts: Contracts | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an application is built from.

    ``earlier``: what a request was answered before the database was restored, while that is
    replayed; what was told to somebody, a booking's reference say, should be told again.
    """

    store: InboxStore
    schemas: Schemas
    clock: Clock
    metrics: Metrics
    name: str
    tracer: Tracer | None = None
    earlier: Callable[[RequestId], Answer | None] = nothing_earlier


Build = Callable[[Surroundings, Configuration], Application]


@dataclass(frozen=True, slots=True)
class Links:
    """The inside broker as a worker uses it, real or in memory."""

    consumer: Consumer
    publisher: Publisher
    run: Run
    quarantine: Quarantine


class Serving:
    """The two loops of one application over given links."""

    def __init__(
        self, application: Application, around: Surroundings, links: Links, worker: Worker
    ) -> None:
        check_complete(application)
        from_nought(around.metrics, "lupu_chores_failed_total")
        self._application = application
        self._around = around
        self._worker = worker
        self._links = links
        self._pruning: Callable[[], None] = _pruning(application, around, worker)
        self._waiting: Callable[[], None] = RowsWatch(around.store, around.clock, around.metrics)
        stored = stored_outcome(around.store, around.schemas, application.rebuild)
        self.requests = RequestWorker(
            inbox_of(application, around, worker.limits()),
            _outbox(around, links),
            Guard(Direction.INWARD, ONCE, around.schemas, around.clock, INSIDE),
            run=links.run,
            quarantine=links.quarantine,
            metrics=around.metrics,
            pace=Pace(batch_max=worker.batch_max, chore_seconds=worker.chore_seconds),
            chores=self._chores,
        )
        self.queries = QueryWorker(
            {GET_OUTCOME: stored, **application.queries},
            Guard(Direction.INWARD, (Lane.QUERIES,), around.schemas, around.clock, INSIDE),
            links.publisher,
            run=links.run,
            account=around.name,
            clock=around.clock,
            metrics=around.metrics,
            tracer=around.tracer,
        )

    def subscribe(self) -> None:
        """Subscribe to the application's queues."""
        name, worker, consumer = self._application.name, self._worker, self._links.consumer
        prefetches = {
            Lane.URGENT: worker.urgent_prefetch_max,
            Lane.REQUESTS: worker.requests_prefetch_max,
            Lane.BULK: worker.bulk_prefetch_max,
        }
        self.requests.start(
            consumer,
            {lane: Source(inside_queue(name, lane), prefetches[lane]) for lane in lanes(name)},
        )
        queue = inside_queue(name, Lane.QUERIES)
        self.queries.start(consumer, queue, worker.queries_prefetch_max)

    def run(self) -> None:
        """Serve queries on a thread of their own and requests on this one, until ``stop``."""
        answering = threading.Thread(target=self.queries.run, name="queries", daemon=True)
        answering.start()
        self.requests.run()
        self.queries.stop()
        answering.join(END_SECONDS_MAX)

    def watch(self, count: Count, loop: Loop) -> None:
        """Tell again and again how many requests wait, and how old the oldest may be."""
        around = self._around
        for lane in lanes(self._application.name):
            watch = QueueWatch(
                "inside",
                inside_queue(self._application.name, lane),
                count,
                taker=OfLane(self.requests, lane),
                clock=around.clock,
                metrics=around.metrics,
            )
            loop.call(partial(every, QUEUES_SECONDS, watch.look, loop))

    def stop(self) -> None:
        """End after what is under way."""
        self.requests.stop()

    def _chores(self) -> None:
        for chore in (*self._application.chores, self._pruning, self._waiting):
            try:
                chore()
            except Exception as error:  # noqa: BLE001  a bad row, or a lock, must not stop the others
                self._around.metrics.count("lupu_chores_failed_total")
                _log.error("chore.failed", extra=_facts(error))
        kept = timedelta(seconds=self._worker.sent_kept_seconds)
        self._around.store.forget_sent(self._around.clock.now() - kept)


def _facts(error: Exception) -> dict[str, str]:
    said = {"sentence": str(error)} if isinstance(error, LupuError) else {}
    return {"error": type(error).__name__, "place": broken_at(error), **said}


def check_complete(application: Application) -> None:
    """SettingsError where the map gives the application a message that it does not handle."""
    for row in MESSAGES:
        if row.application == application.name and row.direction is Direction.INWARD:
            keys = application.handlers if row.once else application.queries
            if row.key not in keys:
                raise SettingsError(f"{application.name} has nothing that handles {row.key}.")


def inbox_of(application: Application, around: Surroundings, limits: Limits) -> Inbox:
    """Return the inbox of an application."""
    return Inbox(
        around.store,
        application.handlers,
        contracts=application.contracts or around.schemas,
        refusals=application.refusals,
        clock=around.clock,
        metrics=around.metrics,
        line_of=application.line_of,
        limits=limits,
        rebuild=application.rebuild,
        tracer=around.tracer,
    )


def _pruning(application: Application, around: Surroundings, worker: Worker) -> Pruning:
    kept = dict(worker.kept())
    if application.rebuild is None:
        kept.pop(ANSWER, None)
    return Pruning(
        around.store.database,
        around.clock,
        around.metrics,
        kept=kept,
        operations=operations(application.name),
    )


def _outbox(around: Surroundings, links: Links) -> Outbox:
    return Outbox(
        around.store,
        links.publisher,
        links.run,
        account=around.name,
        clock=around.clock,
        metrics=around.metrics,
        tracer=around.tracer,
    )


def run(configuration: Configuration, build: Build) -> None:
    """Serve one application until SIGTERM or SIGINT."""
    worker = configuration.read(Worker)
    broker = configuration.read(InsideBroker)
    logs.configure(configuration.read(Log).level)
    database = configuration.read(DatabaseSettings).opened()
    clock, metrics, name = SystemClock(), PrometheusMetrics(), configuration.name
    handled, journal = operations(name.rpartition("-")[0]), worker.journal_of(name, clock, metrics)
    store = InboxStore(database, clock, name, operations=handled, journal=journal)
    tracer = tracer_of(configuration, metrics)
    around = Surroundings(store, Schemas(), clock, metrics, name, tracer)
    application = build(around, configuration)
    if journal is not None:
        application = replace(application, chores=(*application.chores, journal.tidy))
    Migrations(database, [application.migrations]).check()
    loop = Loop()
    consumer = AmqpConsumer(loop, broker, name)
    publisher = AmqpPublisher(loop, broker, name)
    links = Links(consumer, publisher, loop.call, QueueQuarantine(publisher, name, clock))
    serving = Serving(application, around, links, worker)
    serving.subscribe()
    show_days_left(metrics, (broker,))
    metrics.serve(configuration.read(MetricsSettings))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: serving.stop())
    serving.watch(consumer.count, loop)
    loop.start_thread("brokers")
    consumer.start()
    publisher.start()
    _log.info("worker.started", extra={"component": name})
    serving.run()
    consumer.stop()
    publisher.stop()
    loop.end(lambda: consumer.closed() and publisher.closed(), END_SECONDS_MAX)
    database.close()
    tracer.close()
    _log.info("worker.ended", extra={"component": name})
