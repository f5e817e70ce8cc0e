"""Workers: the real loops, inbox and outbox, of the simulation's ticketing and of evidence."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from adapters.database import InboxStore
from adapters.memory.store import MemoryStore
from adapters.quarantine import QueueQuarantine
from hub.guard import INSIDE, Guard
from hub.inbox import Inbox
from hub.intake import Source
from hub.messages import ONCE, Direction, Lane, inside_queue, lanes, operations
from hub.outbox import Outbox
from hub.ports import Store
from hub.queries import Query, QueryWorker
from hub.worker import Pace, RequestWorker
from internal_apps.answering import REFUSALS, stored_outcome
from internal_apps.evidence import application as evidence
from internal_apps.evidence.settings import Evidence
from internal_apps.serving import Surroundings, inbox_of
from tests.simulation.application import Ticketing, line_of
from tests.simulation.documents import DOCUMENTS
from tests.simulation.editions import Publishing
from tests.simulation.processes import APPLICATION, LIMITS, PREFETCH_MAX, Crashed, Site
from tests.simulation.world import Loop, Process


class Served(Process, ABC):
    """A worker of an application, which says what it serves and from which store."""

    application: str
    pace = Pace(batch_max=5, idle_seconds=0.5)
    patience = 1.0

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        self.site = site
        self._stopping = False
        self._loop = Loop(self)
        self._publisher = site.publisher(self, site.inside)
        store, inbox, queries = self.served()
        self.requests = self._requests(store, inbox)
        self.queries = self._queries(queries)
        consumer = site.consumer(self, site.inside)
        sources = {
            lane: Source(inside_queue(self.application, lane), PREFETCH_MAX)
            for lane in lanes(self.application)
        }
        self.requests.start(consumer, sources)
        self.queries.start(consumer, inside_queue(self.application, Lane.QUERIES), PREFETCH_MAX)
        self.spawn(self._handle)
        self.spawn(self._answer)

    @abstractmethod
    def served(self) -> tuple[Store, Inbox, Mapping[str, Query]]:
        """Return the store, the inbox and the queries."""

    def chores(self) -> None:
        """Do what is to be done now and then."""

    def stop(self) -> None:
        """End as on SIGTERM, after the batch under way."""
        self._stopping = True

    def _requests(self, store: Store, inbox: Inbox) -> RequestWorker:
        machine, metrics = self.machine(self.patience), self.site.metrics
        outbox = Outbox(
            store,
            self._publisher,
            self._loop.call,
            account=self.name,
            clock=self,
            metrics=metrics,
            chance=machine.chance,
        )
        return RequestWorker(
            inbox,
            outbox,
            Guard(Direction.INWARD, ONCE, DOCUMENTS, self, INSIDE),
            run=self._loop.call,
            quarantine=QueueQuarantine(self._publisher, self.name, self),
            metrics=metrics,
            pace=self.pace,
            chores=self.chores,
            machine=machine,
        )

    def _queries(self, queries: Mapping[str, Query]) -> QueryWorker:
        return QueryWorker(
            queries,
            Guard(Direction.INWARD, (Lane.QUERIES,), DOCUMENTS, self, INSIDE),
            self._publisher,
            run=self._loop.call,
            account=self.name,
            clock=self,
            metrics=self.site.metrics,
            machine=self.machine(patience=50.0),
        )

    def _handle(self) -> None:
        while not self._stopping:
            if seconds := self.requests.step():
                self.world.sleep(seconds)
        self.requests.settle()
        self.world.soon(self.crash, self)

    def _answer(self) -> None:
        while True:
            self.queries.step()


class WorkerProcess(Served):
    """A worker of the simulation's ticketing, on the store in memory."""

    application = APPLICATION

    def served(self) -> tuple[Store, Inbox, Mapping[str, Query]]:
        """Return the store, the inbox and the queries."""
        self.store = MemoryStore(self.site.database, owner=self.name, clock=self)
        ticketing = Ticketing(self.store)
        inbox = Inbox(
            self.store,
            ticketing.handlers(),
            contracts=DOCUMENTS,
            refusals=REFUSALS,
            clock=self,
            metrics=self.site.metrics,
            line_of=line_of,
            limits=LIMITS,
        )
        self._publishing = Publishing(self.store, self)
        outcome = stored_outcome(self.store, DOCUMENTS.schemas)
        return self.store, inbox, {"GetOutcome.1": outcome, **ticketing.queries()}

    def chores(self) -> None:
        """Publish editions."""
        if self.site.has_editions and not self.site.is_ending:
            self._publishing()


class EvidenceProcess(Served):
    """A worker of evidence: the real application on the real tables."""

    application = evidence.NAME
    pace = Pace(batch_max=5, idle_seconds=0.5, chore_seconds=8.0)
    patience = 10.0

    def served(self) -> tuple[Store, Inbox, Mapping[str, Query]]:
        """Return the store, the inbox and the queries."""
        site, handled = self.site, operations(evidence.NAME)
        store = InboxStore(site.staff, self, self.name, operations=handled)
        around = Surroundings(store, DOCUMENTS.schemas, self, site.metrics, self.name)
        made = evidence.application(around, Evidence(), look=self._look)
        self._chores = made.chores
        outcome = stored_outcome(store, DOCUMENTS.schemas)
        return store, inbox_of(made, around, LIMITS), {"GetOutcome.1": outcome}

    def chores(self) -> None:
        """Do the application's own."""
        for chore in self._chores:
            chore()

    def _look(self, queues: Sequence[str]) -> Mapping[str, int]:
        memory = self.site.inside.memory
        return {queue: memory.depth(queue) for queue in queues}
