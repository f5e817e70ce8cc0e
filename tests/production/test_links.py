"""The wire between inside and DMZ breaks in every way that wires do, and the bridge recovers.

LINK_SECONDS says for how long the silent faults last: as long as the hub takes at most to notice,
which is twice its heartbeat and five seconds. With 60 that is the heartbeat of production.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.stack import Stack
from hub.settings import environment
from tests.acceptance.evidence_check import proof
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import Book, Load, with_clerk
from tests.contract.transports import until
from tests.production.faults import FROM_BROKER, TOWARDS_BROKER, broken
from tests.production.relay import DOWN, UP, Relay, Target, relaying
from tests.production.separated import separated_with_doors
from tests.servers.promises import Shows
from tests.servers.system import System, running

FAULT_SECONDS = int(environment().get("LINK_SECONDS", "14"))
HEARTBEAT_SECONDS = min(20, FAULT_SECONDS // 2 - 5)
OTHER_FAULT_SECONDS = FAULT_SECONDS / 3
SLOW_SECONDS = 0.2
WITHOUT_FAULT_SECONDS = 2.0
# A dial that hangs, the longest pause between two, and a busy machine.
RECOVERED_SECONDS_MAX = 45.0
BROKER = "[outside_broker]\n"
# Where nothing comes from the broker any more: for the hub that must end in dialling anew.
SILENT = ("cut", "half_open_in")

Fault = Callable[[], AbstractContextManager[None]]


def answered(book: Book) -> int:
    """Return how many times an agency was told that something is done."""
    with book.lock:
        return sum(
            one.code == "DONE"
            for (_, reference), answers in book.told.items()
            if reference not in book.by_clerks
            for one in answers
        )


def recovery(book: Book) -> float:
    """Return after how many seconds from now an agency is first told again what became of it."""
    before, began = answered(book), time.monotonic()
    assert until(lambda: answered(book) > before, RECOVERED_SECONDS_MAX)
    return time.monotonic() - began


def away(system: System) -> int:
    """Return how many times the hub said that a broker is away."""
    return system.stack.processes["hub-1"].log.read_text("utf-8").count('"amqp.away"')


def suffered(system: System, folder: Path, faults: Mapping[str, Fault]) -> dict[str, str]:
    """Let each fault happen under load; return recoveries, and what the books say in the end."""
    load = Load(system, with_clerk(system, folder))
    load.start()
    told = {}
    try:
        for name, fault in faults.items():
            assert until(lambda: answered(load.book) > 0, RECOVERED_SECONDS_MAX)
            time.sleep(WITHOUT_FAULT_SECONDS)
            before, noticed = answered(load.book), away(system)
            with fault():
                time.sleep(FAULT_SECONDS if name in SILENT else OTHER_FAULT_SECONDS)
                meanwhile = answered(load.book) - before
            seconds = recovery(load.book)
            assert name not in SILENT or away(system) > noticed, f"nobody noticed: {name}"
            told[name] = f"{meanwhile} done meanwhile, recovered in {seconds:.1f} s"
    finally:
        load.finish()
    verdict = compare(load.book, folder / "database" / "lupu.sqlite")
    proved = proof(system)
    assert proved["fine"], proved
    assert not load.given_up
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
    return {**told, "in_all": verdict.line()}


def impatient(stack: Stack, port: int = 0) -> None:
    """Have the hub ask the outside broker often whether it is there; dial it at ``port``."""
    path, own = stack.places.configuration("hub"), stack.places.outside_port
    text = path.read_text("utf-8")
    text = text.replace(BROKER, f"{BROKER}heartbeat_seconds = {HEARTBEAT_SECONDS}\n")
    path.write_text(text.replace(f"port = {own}\n", f"port = {port or own}\n"), "utf-8")


@pytest.mark.promise(1)
def test_a_wire_that_loses_everything_loses_nothing(tmp_path: Path, shows: Shows) -> None:
    """Cut for longer than the heartbeat, and half-open either way: lost 0, doubled 0."""
    with separated_with_doors(tmp_path, impatient) as across:
        told = suffered(
            across.system,
            tmp_path,
            {
                "cut": partial(broken, across.networks, (TOWARDS_BROKER, FROM_BROKER)),
                "half_open_out": partial(broken, across.networks, (TOWARDS_BROKER,)),
                "half_open_in": partial(broken, across.networks, (FROM_BROKER,)),
            },
        )
    shows(wire_silent_for_seconds=FAULT_SECONDS, **told)


@pytest.mark.promise(1)
def test_a_slow_or_stalled_link_loses_nothing(tmp_path: Path, shows: Shows) -> None:
    """Slow by 200 ms each way, stalled either way, reset again and again: lost 0, doubled 0."""
    relays: list[Relay] = []
    with ExitStack() as ending:
        short = Path(ending.enter_context(TemporaryDirectory(prefix="lupu-relay-")))

        def between(stack: Stack) -> None:
            port, target = free_port(), Target(LOOPBACK, stack.places.outside_port)
            impatient(stack, port)
            relays.append(ending.enter_context(relaying(short, port, target)))

        system = ending.enter_context(running(tmp_path, prepare=between))
        (relay,) = relays
        faults: dict[str, Callable[[], None]] = {
            "slow": partial(relay.slow, SLOW_SECONDS),
            "stalled_out": partial(relay.hold, UP),
            "stalled_in": partial(relay.hold, DOWN),
            "reset": relay.cut,
        }
        during = {name: partial(_during, relay, fault) for name, fault in faults.items()}
        told = suffered(system, tmp_path, during)
    assert not told["slow"].startswith("0 done"), told
    shows(link_at_fault_for_seconds=round(OTHER_FAULT_SECONDS), **told)


@contextmanager
def _during(relay: Relay, fault: Callable[[], None]) -> Iterator[None]:
    fault()
    try:
        yield
    finally:
        relay.mend()
