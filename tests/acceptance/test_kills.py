"""Every process and both brokers killed with SIGKILL under load: what clients were told equals
what the database holds. KILLS says how often each; ``make kills`` makes it ten.
"""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.local.process import Process
from deploy.local.stack import healthy
from hub.settings import environment
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import Load
from tests.servers.system import System, running

KILLS = int(environment().get("KILLS", "1"))
PROCESSES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "staff-1")
BETWEEN_SECONDS = (0.3, 1.5)
SETTLE_SECONDS = 2.0


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


def test_what_clients_were_told_is_what_the_database_holds_whoever_was_killed(
    tmp_path: Path,
) -> None:
    """Lost 0, doubled 0, answered wrongly 0."""
    with running(tmp_path) as system:
        load = Load(system)
        load.start()
        kills: list[Callable[[], None]] = [partial(kill_process, system, one) for one in PROCESSES]
        kills += [partial(kill_broker, system, side) for side in ("outside", "inside")]
        for _ in range(KILLS):
            for kill in kills:
                time.sleep(random.uniform(*BETWEEN_SECONDS))  # noqa: S311  a pause
                kill()
        time.sleep(SETTLE_SECONDS)
        load.finish()
        time.sleep(SETTLE_SECONDS)
        verdict = compare(load.book, tmp_path / "database" / "lupu.sqlite")
    print(f"\nkills {KILLS * len(kills)}, {verdict.line()}")  # noqa: T201  the figures
    print(f"answers {load.book.counts()}")  # noqa: T201  the figures
    assert not load.given_up
    assert verdict.requests > 0
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
