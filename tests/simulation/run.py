"""One run: trouble for a while, then all is healed, comes to rest, is asked once more, judged."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.ports import InboxState
from tests.simulation.agents import Agents, Try, Wish
from tests.simulation.attacker import Attacker
from tests.simulation.broker import Broker
from tests.simulation.chaos import Chaos, Plan, draw
from tests.simulation.database import FAST
from tests.simulation.judge import Judge
from tests.simulation.rehearsal import Rehearsal
from tests.simulation.system import System
from tests.simulation.verified import Verified
from tests.simulation.world import EndlessError, World

STEPS_MAX = 200_000
REST_SECONDS = 10.0
LOOKS = 20
REHEARSALS = 2
WARP_SECONDS = 300.0
ASKING_SECONDS = 30.0
# Slowly enough that a gateway has a seat for each, so that each is told its outcome.
ASKED_WITHIN_SECONDS = 15.0
RECENT_SECONDS = 70.0


@dataclass(slots=True)
class Result:
    """What one run came to."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    hash: str = ""
    error: BaseException | None = None
    steps: int = 0
    seconds: float = 0.0
    figures: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)


def simulate(seed: int, plan: Plan | None = None) -> Result:
    """Run one seed; with a ``plan`` in place of the one that the seed draws."""
    world = World(seed)
    drawn = draw(seed, world)
    with TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as folder:
        run = _Run(world, plan or drawn, Path(folder))
        _go(run)
    return run.finish()


def _go(run: "_Run") -> None:
    try:
        run.go()
    except (Exception, EndlessError) as error:  # noqa: BLE001  it would end a process
        run.result.faults.append(f"{type(error).__name__}: {error}")
        run.result.error = error


class _Run:
    def __init__(self, world: World, plan: Plan, folder: Path) -> None:
        self.result = Result(plan)
        self._world = world
        self._chaos = Chaos(world, plan.kinds, plan.aim)
        self._system = System(world, plan, self._chaos, folder)
        self._agents = Agents(self._system, plan)
        self._attacker = Attacker(self._system, plan)
        self._rehearsal = Rehearsal(self._system)

    def go(self) -> None:
        """Run, come to rest, ask once more, judge."""
        seconds = self.result.plan.seconds
        self._until(seconds)
        faults = self.result.faults
        if self._system.site.has_evidence and not self._chaos.counts["time.warped"]:
            faults += Verified(self._system, set()).too_early()
        self._system.heal()
        self._world.trace("healed")
        self._rest()
        for _ in range(REHEARSALS):
            self._rehearsal.try_one(self._rest_again)
        faults += self._rehearsal.faults
        before = len(self._agents.tries)
        self._ask_once_more()
        self._until(self._world.seconds + ASKING_SECONDS)
        self._system.site.is_ending = True
        self._until(self._world.seconds + REST_SECONDS)
        self._system.end()
        faults += Judge(self._system, self._agents, self._attacker).faults()
        for tried in self._agents.tries[before:]:
            state = self._state(tried)
            if state is InboxState.HANDLED and not tried.is_final():
                faults.append(f"{tried.id} is asked for when all is well and told {tried.code!r}")

    def finish(self) -> Result:
        """Return the result with its figures."""
        result, world = self.result, self._world
        result.lines, result.hash = world.lines, world.trace_hash()
        result.steps, result.seconds = world.steps, world.seconds
        result.kinds, result.points = self._chaos.counts, self._chaos.points
        books, tries = self._system.database.books, self._agents.tries
        result.figures.update(
            requests=len(books.inbox),
            effects=len(books.effects),
            tries=len(tries),
            repeats=max(0, len(tries) - len(self._agents.wishes)),
            quarantined=sum(len(broker.quarantined()) for broker in self._brokers()),
            parked=len(books.parked),
            crashes=world.counts["crashes"],
            acts=world.counts["acts"],
            rehearsed=self._rehearsal.count,
            pages=self._system.staff.pages(),
            editions=len(self._system.site.used),
        )
        return result

    def _brokers(self) -> tuple[Broker, Broker]:
        return self._system.outside, self._system.inside

    def _until(self, seconds: float) -> None:
        self._world.run(seconds, STEPS_MAX)

    def _rest(self) -> None:
        """Wait until nothing moves, and what gateways remember of repeats is forgotten.

        What was lent or put off by a clock that was ahead waits until that time has come.
        """
        self._until(self._world.seconds + RECENT_SECONDS)
        self._rest_again()

    def _rest_again(self) -> None:
        self._until(self._world.seconds + REST_SECONDS)
        for looks in range(2 * LOOKS):
            if self._system.is_at_rest():
                return
            if looks > LOOKS:
                self._world.warp(WARP_SECONDS)
            self._until(self._world.seconds + REST_SECONDS)

    def _ask_once_more(self) -> None:
        told: Callable[[Try], None] = lambda _: None  # noqa: E731
        for wish in self._agents.wishes:
            if str(wish.id) in self._system.database.books.inbox:
                for body in wish.bodies:
                    seconds = ASKED_WITHIN_SECONDS * self._world.random.random()
                    self._world.later(seconds, partial(self._ask, wish, body, told))

    def _ask(self, wish: Wish, body: bytes, told: Callable[[Try], None]) -> None:
        self._agents.ask(self._agents.request(wish, body), told)

    def _state(self, tried: Try) -> InboxState | None:
        entry = self._system.database.books.inbox.get(str(tried.id))
        return None if entry is None else entry.state
