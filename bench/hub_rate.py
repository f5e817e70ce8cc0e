"""Hub messages a second, against RabbitMQ's own shovel between the same two brokers."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import figures, movers, world
from bench.backlog import GATEWAY, Arrivals, Preloader
from bench.bookings import LINES, LINES_MANY, body
from bench.figures import Figure
from bench.hub_without import EVIDENCE, SEALING
from bench.used import Peaks, processor_seconds
from deploy.local.broker import installed_version
from tests.servers.brokers import Brokers

ROUNDS = 5
MESSAGES = 40_000
SHOVEL_PREFETCHES = (100, 500, 1_000, 2_000)
HUB_PREFETCH = 1_000
HUB_PREFETCHES = (1_000, 2_000)
RATE, MICROSECONDS = "messages/s", "us/message"


@dataclass(frozen=True, slots=True)
class Mover:
    """One way across: so many hub processes, or (0) the shovel, with a prefetch each."""

    processes: int
    prefetch: int
    lines: int = LINES
    without: str = ""
    interpreted: bool = False

    @property
    def name(self) -> str:
        """The name under which its figures are printed."""
        if not self.processes:
            return f"shovel.prefetch{self.prefetch}"
        lines = "" if self.lines == LINES else f".lines{self.lines}"
        without = f".without_{self.without}" if self.without else ""
        interpreted = ".interpreted" if self.interpreted else ""
        prefetch = "" if self.prefetch == HUB_PREFETCH else f".prefetch{self.prefetch}"
        return f"hub.processes{self.processes}{prefetch}{lines}{without}{interpreted}"


@dataclass(slots=True)
class Runs:
    """What each mover did, round by round."""

    rates: dict[Mover, list[float]] = field(default_factory=dict)
    microseconds: dict[Mover, list[float]] = field(default_factory=dict)

    def best(self, movers_: list[Mover]) -> Mover:
        """Return the one with the highest median rate."""
        return max(movers_, key=lambda mover: statistics.median(self.rates[mover]))


HUBS = [Mover(1, HUB_PREFETCH), *(Mover(2, prefetch) for prefetch in HUB_PREFETCHES)]
SHOVELS = [Mover(0, prefetch) for prefetch in SHOVEL_PREFETCHES]
MANY_LINES = Mover(2, HUB_PREFETCH, LINES_MANY)
INTERPRETED = Mover(2, HUB_PREFETCH, interpreted=True)
# What a part costs: processor time of all that is at work, which other work on the machine
# disturbs less than the rate.
WHOLE = Mover(1, HUB_PREFETCH)
WITHOUT = {part: Mover(1, HUB_PREFETCH, without=part) for part in (SEALING, EVIDENCE)}
OURS = [*HUBS, MANY_LINES, INTERPRETED, *WITHOUT.values()]


def measure(peaks: Peaks) -> None:
    """Run every mover once a round, in turn, and print what came out."""
    _settings()
    runs = Runs()
    with world.brokers() as brokers, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = _Bench(brokers, Path(folder), peaks)
        for number in range(ROUNDS):
            for mover in _interleaved(OURS, SHOVELS):
                rate, microseconds = bench.run(mover)
                figures.progress(f"round {number + 1}: {mover.name} {rate:.0f} {RATE}")
                runs.rates.setdefault(mover, []).append(rate)
                runs.microseconds.setdefault(mover, []).append(microseconds)
        peaks.look("broker.outside", brokers.outside_broker.pid)
        peaks.look("broker.inside", brokers.inside_broker.pid)
    _show(runs)


def _interleaved(ours: list[Mover], theirs: list[Mover]) -> Iterator[Mover]:
    for place in range(max(len(ours), len(theirs))):
        yield from ours[place : place + 1]
        yield from theirs[place : place + 1]


class _Bench:
    def __init__(self, brokers: Brokers, folder: Path, peaks: Peaks) -> None:
        self._brokers = brokers
        self._folder = folder
        self._peaks = peaks

    def run(self, mover: Mover) -> tuple[float, float]:
        """Return messages a second, and processor time a message of all that was at work."""
        with ExitStack() as ending:
            arrivals = Arrivals(self._brokers)
            ending.callback(arrivals.close)
            arrivals.clear()
            for broker in (self._brokers.outside_broker, self._brokers.inside_broker):
                world.new_log(broker)
            gateway = self._brokers.outside(GATEWAY)
            keys = None if mover.without == SEALING else self._brokers.keys
            with Preloader(gateway, keys, mover.lines) as preloader:
                preloader.preload(MESSAGES)
            with self._moving(mover) as pids:
                arrivals.wait_for_start(MESSAGES)
                before = sum(map(processor_seconds, pids))
                count, rate = arrivals.rate(MESSAGES)
                used = sum(map(processor_seconds, pids)) - before
                for number, pid in enumerate(pids[2:]):
                    self._peaks.look(f"hub.{number + 1}", pid)
        return rate, used / count * 1e6

    @contextmanager
    def _moving(self, mover: Mover) -> Iterator[list[int]]:
        brokers = [self._brokers.outside_broker.pid, self._brokers.inside_broker.pid]
        if not mover.processes:
            with movers.shovel(self._brokers, mover.prefetch):
                yield brokers
            return
        hubs_ = movers.hubs(
            self._brokers,
            self._folder,
            mover.processes,
            mover.prefetch,
            without=mover.without,
            interpreted=mover.interpreted,
        )
        with hubs_ as hubs:
            yield [*brokers, *(hub.pid for hub in hubs)]


def _settings() -> None:
    version = ".".join(map(str, installed_version()))
    both = {
        "brokers": f"two RabbitMQ {version} on this machine",
        "messages": f"{MESSAGES} PlaceBooking of {len(body())} bytes, {LINES} lines",
        "rounds": ROUNDS,
        "queues": "quorum, persistent",
        "TLS": "1.3, mutual, on all connections",
    }
    figures.settings("hub and shovel", both)
    figures.settings(
        "hub",
        {
            "prefetch": "/".join(map(str, HUB_PREFETCHES)),
            "processes": "1/2",
            "publishing": "mandatory, confirmed",
            "guard": "on, with XSD",
            "sealing": "on, COSE, AES-256-GCM",
            "evidence": "on",
            "code": "compiled (make compiled), or interpreted where it says so",
        },
    )
    prefetches = "/".join(map(str, SHOVEL_PREFETCHES))
    figures.settings("shovel", {"ack-mode": "on-confirm", "prefetch": prefetches, "guard": "none"})


def _show(runs: Runs) -> None:
    for mover, rates in runs.rates.items():
        figures.show(figures.spread(mover.name, rates, RATE))
        micro = statistics.median(runs.microseconds[mover])
        figures.show([Figure(f"{mover.name}.processor", micro, MICROSECONDS)])
    ours, theirs = runs.best(HUBS), runs.best(SHOVELS)
    figures.show(
        [
            Figure("hub.messages", statistics.median(runs.rates[ours]), RATE),
            Figure("shovel.messages", statistics.median(runs.rates[theirs]), RATE),
            Figure("hub.processes.best", ours.processes, "processes"),
            Figure("hub.prefetch.best", ours.prefetch, "messages"),
            Figure("shovel.prefetch.best", theirs.prefetch, "messages"),
        ]
    )
    for name, mover in (("hub", ours), ("interpreted_hub", INTERPRETED)):
        ratios = [a / b for a, b in zip(runs.rates[mover], runs.rates[theirs], strict=True)]
        figures.show(figures.spread(f"ratio.{name}_to_shovel", ratios, "ratio"))
    for part, mover in WITHOUT.items():
        costs = [
            (whole / least - 1) * 100
            for whole, least in zip(
                runs.microseconds[WHOLE], runs.microseconds[mover], strict=True
            )
        ]
        figures.show(figures.spread(f"hub.cost_of_{part}", costs, "percent"))
