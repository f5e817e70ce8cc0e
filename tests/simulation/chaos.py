"""What may happen, and how often: by the seed, and counted, so that nothing is left untried."""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from tests.simulation.world import Crashed, Process, World

# Each with how probable it is where it may happen, and is switched on.
CHANCES = {
    "message.doubled": 0.1,
    "message.reordered": 0.15,
    "message.slow": 0.02,
    "reply.lost": 0.05,
    "confirm.late": 0.05,
    "confirm.never": 0.02,
    "answer.lost": 0.05,
    "book.torn": 0.5,
    "database.commit_lost": 0.02,
    "database.deadlock": 0.03,
    "database.yields": 0.3,
    "crash": 0.004,
}
# At the one point that the plan aims at.
AIMED = 0.05
# Those that come by themselves, each with its mean number in a minute.
EVENTS = {
    "link.broken": 4.0,
    "broker.away": 1.0,
    "broker.blocked": 1.0,
    "broker.full": 1.5,
    "queue.missing": 1.0,
    "broker.disk_lost": 0.3,
    "database.away": 1.0,
    "database.full": 0.7,
    "book.full": 0.7,
    "process.killed": 1.5,
    "process.restarted": 1.0,
    "process.frozen": 2.0,
    "clock.skewed": 4.0,
    "clock.jumped": 1.0,
    "time.warped": 0.7,
    "edition.older": 4.0,
    "edition.dropped": 1.0,
    "edition.forged": 1.0,
}
KINDS = (*CHANCES, *EVENTS)
# Off in most seeds: it breaks a promise, which the books are to say.
SELDOM = {"broker.disk_lost": 0.1}
# What is tried beside that where more than the bridge itself is there.
EDITIONS = ("edition.older", "edition.dropped", "edition.forged")
MORE_KINDS = (*EDITIONS, "broker.disk_lost", "link.broken", "confirm.never")
MORE_SHARE = 0.5
PLAIN_SHARE = 0.5
# The places at which each kind of process crashes, beside any other moment.
_PUBLISHING = ("publish", "published", "settle", "settled")
CRASH_POINTS = {
    "gateway": (
        "book",
        "booked",
        "page",
        "paged",
        "snapshot",
        "snapshotted",
        *_PUBLISHING,
        "acknowledge",
        "acknowledged",
    ),
    "hub": ("snapshot", "snapshotted", *_PUBLISHING, "acknowledge", "acknowledged"),
    "ticketing": (
        *_PUBLISHING,
        "acknowledge",
        "acknowledged",
        "begin",
        "entry",
        "commit",
        "committed",
        "lend",
        "lent",
        "unsent",
        "mark",
        "marked",
    ),
    "evidence": (*_PUBLISHING, "acknowledge", "acknowledged", "note", "noted"),
    "operator": (
        "begin",
        "entry",
        "commit",
        "committed",
        "note",
        "noted",
        "publish",
        "published",
        "acknowledge",
        "acknowledged",
    ),
}


# At these a process crashes only where evidence takes in pages.
KEEPING = ("evidence", "gateway.page")
POINTS = tuple(f"{kind}.{point}" for kind, points in CRASH_POINTS.items() for point in points)
MORE = ("evidence.", "operator.", "gateway.page", "gateway.snapshot", "hub.snapshot")
MORE_POINTS = tuple(point for point in POINTS if point.startswith(MORE))
PLAIN_POINTS = tuple(point for point in POINTS if not point.startswith(MORE))
# How few of each a run may have.
LEAST = {
    "agents": 1,
    "bookings": 1,
    "hubs": 1,
    "gateways": 1,
    "workers": 1,
    "forgeries": 0,
    "operators": 0,
    "evidence": 0,
    "editions": 0,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is made of; drawn from its seed, and made smaller when it fails."""

    seed: int
    kinds: frozenset[str]
    aim: str = ""
    agents: int = 2
    bookings: int = 3
    seconds: float = 60.0
    hubs: int = 2
    gateways: int = 2
    workers: int = 2
    forgeries: int = 3
    operators: int = 2
    evidence: int = 1
    editions: int = 1

    def smaller(self) -> list["Plan"]:
        """Return plans that leave something out."""
        halves = [
            replace(self, seconds=self.seconds / 2),
            *(
                replace(self, **{name: getattr(self, name) // 2})
                for name, least in LEAST.items()
                if getattr(self, name) > least
            ),
        ]
        return [
            *(replace(self, kinds=self.kinds - {kind}) for kind in sorted(self.kinds)),
            *halves,
        ]

    def size(self) -> float:
        """Return how large it is."""
        return self.agents * self.bookings * self.seconds + 100 * len(self.kinds)


class Chaos:
    """Decides by chance what happens; ``ended`` once all is healed."""

    def __init__(self, world: World, kinds: Collection[str], aim: str = "") -> None:
        self.counts: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.ended = False
        self._world = world
        self._kinds = frozenset(kinds)
        self._aim = aim

    def is_on(self, kind: str) -> bool:
        """Return whether this kind of trouble may happen now."""
        return not self.ended and kind in self._kinds

    def happens(self, kind: str) -> bool:
        """Return whether it happens, here and now."""
        if not self.is_on(kind) or self._world.random.random() >= CHANCES[kind]:
            return False
        self.count(kind)
        return True

    def count(self, kind: str) -> None:
        """Count that it happened."""
        self.counts[kind] += 1
        self._world.trace(f"chaos {kind}")

    def at(self, point: str) -> None:
        """Let the current process crash at a point, if chance will."""
        process = self._world.current
        if process is None or not process.alive or not self.is_on("crash"):
            return
        aimed = f"{process.kind}.{point}" == self._aim
        if self._world.random.random() < (AIMED if aimed else CHANCES["crash"]):
            self.crash(process, point)

    def crash(self, process: Process, point: str) -> None:
        """End the process that is running, at this point of its work."""
        self.count("crash")
        self.points[f"{process.kind}.{point}"] += 1
        self._world.trace(f"crash at {point}")
        raise Crashed


def draw(seed: int, world: World) -> Plan:
    """Return the plan of a seed: some kinds of trouble in each, so that none hides another.

    Half of them are plain; in the others some of what stands around the bridge is there too.
    """
    drawn = plain(seed, world)
    more = random.Random(f"more of {seed}")
    if more.random() < PLAIN_SHARE:
        return drawn
    aim = more.choice(MORE_POINTS)
    kinds = {kind for kind in MORE_KINDS if more.random() < MORE_SHARE} | {"crash"}
    return replace(
        drawn,
        aim=aim,
        kinds=drawn.kinds | kinds,
        operators=more.choice((2, 3) if aim.startswith("operator") else (0, 0, 2)),
        evidence=more.choice((1, 2) if aim.startswith(KEEPING) else (0, 0, 1)),
        editions=1 if "snapshot" in aim else more.choice((0, 0, 1)),
    )


def plain(seed: int, world: World) -> Plan:
    """Return a plan of hubs, gateways and workers alone."""
    chance = world.random
    share = chance.choice((0.15, 0.4, 0.8))
    plain_kinds = (kind for kind in KINDS if kind not in EDITIONS)
    kinds = {kind for kind in plain_kinds if chance.random() < SELDOM.get(kind, share)}
    return Plan(
        seed,
        frozenset(kinds),
        PLAIN_POINTS[seed % len(PLAIN_POINTS)],
        agents=chance.randint(1, 3),
        bookings=chance.randint(1, 4),
        seconds=chance.choice((20.0, 40.0, 90.0)),
        hubs=chance.randint(1, 3),
        gateways=chance.randint(1, 3),
        workers=chance.randint(1, 3),
        forgeries=chance.randint(0, 6),
        operators=0,
        evidence=0,
        editions=0,
    )
