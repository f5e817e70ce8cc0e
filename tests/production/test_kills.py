"""Every process and both brokers killed with SIGKILL under load: what clients were told equals
what the database holds. KILLS says how often each; ``make kills`` makes it ten.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from deploy.local.process import Process
from hub.settings import environment
from tests.acceptance.evidence_check import counts, proof
from tests.acceptance.kill_check import Verdict, compare
from tests.acceptance.kill_load import AGENCY, CLERK, Book, Load, with_clerk
from tests.production.personal import said_by_anybody
from tests.servers.agency import NAME, TELEPHONE
from tests.servers.promises import Shows
from tests.servers.system import System, running

KILLS = int(environment().get("KILLS", "1"))
PROCESSES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "evidence-1", "staff-1")
BETWEEN_SECONDS = (0.3, 1.5)
SETTLE_SECONDS = 2.0
MEET_SECONDS_MAX = 3.0
# Less would say that the kills met nobody, or that hardly anything could be booked.
DONE_SHARE_MIN = 0.9
MET_SHARE_MIN = 0.8


def kill_process(system: System, name: str) -> None:
    """Kill a process and start it again."""
    process: Process = system.stack.processes[name]
    process.kill()
    time.sleep(random.uniform(0, 0.5))  # noqa: S311  a pause, not a secret
    process.start()
    if name.startswith(("gateway", "staff")):
        process.wait_ready(partial(healthy, system.stack.places.socket(name)))


def kill_broker(system: System, side: str) -> None:
    """Kill a broker and start it again on its data."""
    broker = getattr(system.stack, side)
    broker.kill()
    broker.restart()


@dataclass
class Figures:
    """What a run did: how many clients waited for an answer at each kill, by who was killed."""

    met: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def met_shares(self) -> dict[str, float]:
        """Return the share of kills that met requests under way, by who was killed."""
        return {
            name: sum(count > 0 for count in counts) / len(counts)
            for name, counts in self.met.items()
        }

    def say(self, book: Book, verdict: Verdict) -> None:
        """Print the figures."""
        every = [count for counts in self.met.values() for count in counts]
        share, under_way = sum(count > 0 for count in every) / len(every), sum(every) / len(every)
        lines = (
            f"\nkills {len(every)}, {verdict.line()}",
            f"kills that met requests {share:.0%}, under way at each {under_way:.1f}",
            f"calls left without an outcome {book.caught()}",
            f"of these, requests sent again and done {book.caught_and_repeated()}",
            f"requests of clerks {len(book.by_clerks)}",
            f"requests done in the end {book.done_share():.1%}",
            f"answers {book.counts()}",
        )
        print("\n".join(lines))  # noqa: T201  the figures


def met(load: Load, sender: str) -> int:
    """Wait a while for requests of clients of a kind; return how many are under way."""
    deadline = time.monotonic() + MEET_SECONDS_MAX
    while not load.under_way(sender) and time.monotonic() < deadline:
        time.sleep(0.001)
    return load.under_way(sender)


def kill_all(system: System, load: Load) -> Figures:
    """Kill each process and broker KILLS times; return what was under way each time."""
    kills: dict[str, Callable[[], None]] = {
        **{name: partial(kill_process, system, name) for name in PROCESSES},
        **{side: partial(kill_broker, system, side) for side in ("outside", "inside")},
    }
    figures = Figures()
    for _ in range(KILLS):
        for name, kill in kills.items():
            time.sleep(random.uniform(*BETWEEN_SECONDS))  # noqa: S311  a pause
            figures.met[name].append(met(load, CLERK if name.startswith("staff") else AGENCY))
            kill()
    return figures


@pytest.mark.promise(1)
def test_what_clients_were_told_is_what_the_database_holds_whoever_was_killed(
    tmp_path: Path, shows: Shows
) -> None:
    """Lost 0, doubled 0, answered wrongly 0, no visitor named in a log; kills met requests."""
    with running(tmp_path) as system:
        load = Load(system, with_clerk(system, tmp_path))
        load.start()
        figures = kill_all(system, load)
        time.sleep(SETTLE_SECONDS)
        load.finish()
        time.sleep(SETTLE_SECONDS)
        verdict = compare(load.book, tmp_path / "database" / "lupu.sqlite")
        proved = proof(system)
        named = said_by_anybody(system.stack, NAME, TELEPHONE)
        assert said_by_anybody(system.stack, AGENCY), "nothing at all is found in the logs"
    figures.say(load.book, verdict)
    kills = sum(len(counts) for counts in figures.met.values())
    shows(kills=kills, of_every_process_and_both_brokers=verdict.line())
    print("the books of both sides:", proved["sentence"], dict(counts(proved)))  # noqa: T201
    assert proved["fine"], proved
    assert not named, "a visitor is named where nobody should be"
    assert not load.given_up
    assert verdict.requests > 0
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
    assert load.book.done_share() >= DONE_SHARE_MIN
    assert min(figures.met_shares().values()) >= MET_SHARE_MIN, figures.met
    assert load.book.caught_and_repeated() > 0
    assert load.book.by_clerks
