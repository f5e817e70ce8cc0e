"""The whole system of one run: who is there, who starts again, and the troubles that come."""

from collections.abc import Callable
from pathlib import Path

from adapters.memory.broker import inside_broker, outside_broker
from hub.envelope import Wire
from hub.messages import ONCE, QUARANTINE_QUEUE, Lane, inside_queue, outside_queue, outward_queue
from hub.ports import InboxState
from tests.simulation.books import Disk
from tests.simulation.broker import Broker, is_forged
from tests.simulation.chaos import EVENTS, Chaos, Plan
from tests.simulation.database import Database, StaffDatabase
from tests.simulation.editions import Misleading
from tests.simulation.operators import OperatorProcess
from tests.simulation.processes import APPLICATION, GatewayProcess, HubProcess, Site
from tests.simulation.workers import EvidenceProcess, WorkerProcess
from tests.simulation.world import Process, World

RESTART_SECONDS = 1.0
TROUBLE_SECONDS_MAX = 20.0
WARPS_SECONDS = (3_600.0, 86_400.0, 8 * 86_400.0, 400 * 86_400.0)
SKEW_SECONDS = 100.0
JUMP_SECONDS = 4_000.0
FULL_MAX = 3
# A policy bounds these; the other queues are streams, or go with their process.
BOUNDED = (
    *(outside_queue(lane) for lane in (*ONCE, Lane.QUERIES)),
    *(inside_queue(APPLICATION, lane) for lane in ONCE),
    outward_queue(Lane.REPLIES),
    QUARANTINE_QUEUE,
)

_REQUESTS = {lane.value for lane in ONCE}

Start = Callable[[Site, str, Callable[[Process], None]], Process]


class System:
    """Two brokers, a database, and processes that somebody always starts again."""

    def __init__(self, world: World, plan: Plan, chaos: Chaos, folder: Path) -> None:
        """``folder``: where gateways keep their books."""
        self.world = world
        self.chaos = chaos
        self.outside = Broker(world, "outside", outside_broker(), chaos)
        self.inside = Broker(world, "inside", inside_broker(), chaos)
        self.database = Database(world, chaos)
        self.disk = Disk(folder, chaos)
        self.staff = StaffDatabase.opened().of(self.database)
        self.site = Site(
            world,
            (self.outside, self.inside),
            database=self.database,
            disk=self.disk,
            staff=self.staff,
            has_evidence=plan.evidence > 0,
            has_editions=plan.editions > 0,
        )
        self._misleading = Misleading(self.outside, self.site.keys, world.random.choice)
        self._starts: dict[str, Start] = {}
        self.running: dict[str, Process] = {}
        self._missing: list[tuple[Broker, tuple[str, str], list[str]]] = []
        for kind, start, count in (
            ("gateway", GatewayProcess, plan.gateways),
            ("hub", HubProcess, plan.hubs),
            ("ticketing", WorkerProcess, plan.workers),
            ("operator", OperatorProcess, plan.operators),
            ("evidence", EvidenceProcess, plan.evidence),
        ):
            for number in range(1, count + 1):
                self._starts[f"{kind}-{number}"] = start
        for name in self._starts:
            self._start(name)
        for kind in EVENTS:
            self._next_event(kind)

    def gateway(self) -> GatewayProcess | None:
        """Return a gateway that the balancer would choose; None if there is none."""
        names = [name for name in self.running if name.startswith("gateway")]
        chosen = self.running[self.world.random.choice(names)] if names else None
        return chosen if isinstance(chosen, GatewayProcess) else None

    def heal(self) -> None:
        """End all trouble."""
        self.chaos.ended = True
        for broker in (self.outside, self.inside):
            broker.come()
            broker.block(blocked=False)
            for queue in broker.queues():
                broker.memory.limit(queue, None)
        self._bind_missing()
        self.database.away = self.database.full = self.disk.full = False
        for process in self.running.values():
            process.skew = 0.0
            process.frozen_until = 0.0
            for link in process.links:
                link.heal()

    def end(self) -> None:
        """End every process, so that all is read as it was left."""
        for process in list(self.running.values()):
            process.end()

    def boots(self) -> set[str]:
        """Return the starts of gateways that run, or that ran when all ended."""
        gateways = (one for one in self.running.values() if isinstance(one, GatewayProcess))
        return {one.book.boot for one in gateways}

    def is_at_rest(self) -> bool:
        """Return whether nothing lies anywhere that should move on."""
        brokers = (self.outside, self.inside)
        books = self.database.books
        if self.site.has_evidence and (
            self.inside.notices() or self.staff.unsent() or self.disk.left_behind(self.boots())
        ):
            return False
        moving = any(broker.left() or broker.held() for broker in brokers)
        waiting = [key for key in books.waiting if not self.is_stuck(key)]
        return not (moving or books.outbox or waiting)

    def taken_outside(self) -> list[Wire]:
        """Return the requests of gateways that the outside broker took."""
        return [
            wire for key, wire in self.outside.took if key in _REQUESTS and not is_forged(wire)
        ]

    def is_stuck(self, key: str) -> bool:
        """Return whether a request waits, as it should, behind one that is parked."""
        books = self.database.books
        entry = books.inbox.get(key)
        if entry is None or entry.state is not InboxState.BEHIND:
            return False
        _, line = books.standing[key]
        parked = InboxState.PARKED
        return any(
            of == line and books.inbox[other].state is parked
            for other, (_, of) in books.standing.items()
        )

    def _start(self, name: str) -> None:
        self.world.trace(f"{name} starts")
        process = self._starts[name](self.site, name, self._crashed)
        self.running[name] = process

    def _crashed(self, process: Process) -> None:
        self.running.pop(process.name, None)
        seconds = self.world.delay(RESTART_SECONDS)
        self.world.later(seconds, lambda: self._start(process.name))

    def _next_event(self, kind: str) -> None:
        if not self.chaos.is_on(kind):
            return
        seconds = self.world.delay(60.0 / EVENTS[kind])
        self.world.later(seconds, lambda: self._event(kind))

    def _event(self, kind: str) -> None:
        if self.chaos.is_on(kind):
            self.chaos.count(kind)
            area, _, what = kind.partition(".")
            getattr(self, f"_{area}_{what}")()
            self._next_event(kind)

    def _any_broker(self) -> Broker:
        return self.world.random.choice((self.outside, self.inside))

    def _any_process(self) -> Process | None:
        names = list(self.running)
        return self.running[self.world.random.choice(names)] if names else None

    def _for_a_while(self, end: Callable[[], None]) -> None:
        self.world.later(self.world.random.random() * TROUBLE_SECONDS_MAX, end)

    def _link_broken(self) -> None:
        process = self._any_process()
        if process is not None and process.links:
            link = self.world.random.choice(process.links)
            self.world.trace(f"{process.name} {link.broker.name} broken")
            link.broken()

    def _broker_away(self) -> None:
        broker = self._any_broker()
        self.world.trace(f"{broker.name} away")
        broker.go()
        self._for_a_while(broker.come)

    def _broker_blocked(self) -> None:
        broker = self._any_broker()
        self.world.trace(f"{broker.name} blocked")
        broker.block(blocked=True)
        self._for_a_while(lambda: broker.block(blocked=False))

    def _broker_full(self) -> None:
        broker = self._any_broker()
        queue = self.world.random.choice([q for q in broker.queues() if q in BOUNDED])
        self.world.trace(f"{broker.name} {queue} full")
        most = self.world.random.choice((0, 0, self.world.random.randrange(FULL_MAX)))
        broker.memory.limit(queue, most)
        self._for_a_while(lambda: broker.unlimit(queue))

    def _queue_missing(self) -> None:
        broker = self._any_broker()
        bound = list(broker.memory._bindings.items())
        place, queues = self.world.random.choice(bound)
        del broker.memory._bindings[place]
        self.world.trace(f"{broker.name} {' '.join(queues)} missing")
        self._missing.append((broker, place, queues))
        self._for_a_while(self._bind_missing)

    def _bind_missing(self) -> None:
        while self._missing:
            broker, (exchange, key), queues = self._missing.pop()
            for queue in queues:
                broker.memory.bind(exchange, key, queue)

    def _broker_disk_lost(self) -> None:
        broker = self._any_broker()
        broker.go()
        broker.lose_disk()
        self.world.trace(f"{broker.name} lost {len(broker.lost)}")
        self._for_a_while(broker.come)

    def _database_away(self) -> None:
        self.database.away = True
        self._for_a_while(lambda: setattr(self.database, "away", False))

    def _database_full(self) -> None:
        self.database.full = True
        self._for_a_while(lambda: setattr(self.database, "full", False))

    def _book_full(self) -> None:
        self.disk.full = True
        self._for_a_while(lambda: setattr(self.disk, "full", False))

    def _process_killed(self) -> None:
        process = self._any_process()
        if process is not None:
            process.crash()

    def _process_restarted(self) -> None:
        process = self._any_process()
        if process is not None:
            self.world.trace(f"{process.name} is asked to end")
            self.world.run_as(process, process.stop)

    def _process_frozen(self) -> None:
        process = self._any_process()
        if process is not None:
            seconds = self.world.random.random() * TROUBLE_SECONDS_MAX
            process.frozen_until = self.world.seconds + seconds
            self.world.trace(f"{process.name} frozen {seconds:.1f}")

    def _clock_skewed(self) -> None:
        self._set_clock(SKEW_SECONDS)

    def _clock_jumped(self) -> None:
        self._set_clock(JUMP_SECONDS)

    def _set_clock(self, seconds_max: float) -> None:
        process = self._any_process()
        if process is not None:
            process.skew = seconds_max * (2 * self.world.random.random() - 1)
            self.world.trace(f"{process.name} clock {process.skew:.1f}")

    def _edition_older(self) -> None:
        self._misleading.show_older()

    def _edition_dropped(self) -> None:
        self._misleading.drop()

    def _edition_forged(self) -> None:
        self._misleading.forge(self.world.now())

    def _time_warped(self) -> None:
        self.world.warp(self.world.random.choice(WARPS_SECONDS))
