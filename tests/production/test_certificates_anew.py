"""Every certificate and every authority replaced under load: nothing lost or restarted."""

import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from hub.messages import QUARANTINE_QUEUE
from tests.acceptance.evidence_check import counts as counted
from tests.acceptance.evidence_check import proof
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import Load, with_clerk
from tests.contract.transports import until
from tests.servers.promises import Shows
from tests.servers.system import System, running

NAMES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "evidence-1", "staff-1", "operator-1")
SIDES = {
    "outside": ("gateway-1", "gateway-2", "hub-1"),
    "inside": ("hub-1", "ticketing-1", "evidence-1", "staff-1"),
}
# As OPERATING says it.
TAKEN_UP_SECONDS = 10.0
OUT_SECONDS = 10.0
# What a machine takes longer that is busy with all of this.
BUSY_SECONDS = 20.0
# Before HAProxy knows that a gateway has lost its broker.
REFUSED_SHARE_MAX = 0.1
MORE = 20
AGENCIES = 4


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Run the whole system."""
    with running(tmp_path, None, NAMES) as made:
        yield made


@contextmanager
def loaded(system: System, folder: Path) -> Iterator[Load]:
    """Let agencies and clerks book all the while, and see all they began to its end."""
    load = Load(system, with_clerk(system, folder), threads=AGENCIES)
    load.start()
    try:
        go_on(load)
        yield load
        go_on(load)
    finally:
        load.finish()


def go_on(load: Load) -> None:
    """Wait until a good many more were answered."""
    before = len(load.book.told)
    assert until(lambda: len(load.book.told) > before + MORE, 30)


def certificates(system: System, *arguments: str) -> str:
    """Run ``lupu certificates`` on the system's authorities."""
    folder = ("--folder", str(system.stack.places.certificates))
    command = [sys.executable, "-m", "lupu", "certificates", *arguments, *folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def connections(system: System, side: str) -> dict[str, set[str]]:
    """Return who is connected to a broker, each with its connections there."""
    row = "#{user => User, pid => list_to_binary(pid_to_list(Pid))}"
    listed = "rabbit_networking:connection_info_all([user, pid])"
    found: dict[str, set[str]] = {}
    broker = getattr(system.stack, side)
    for one in broker.ask(f"[{row} || [{{user, User}}, {{pid, Pid}}] <- {listed}]"):
        found.setdefault(one["user"], set()).add(one["pid"])
    return found


def taken_up(system: System, side: str, before: dict[str, set[str]]) -> float:
    """Wait until every component has other connections than before; return how long it took."""
    began = time.monotonic()

    def all_new() -> bool:
        now = connections(system, side)
        return all(now.get(name) and not now[name] & before[name] for name in SIDES[side])

    assert until(all_new, 60, pause_seconds=0.5), (before, connections(system, side))
    return time.monotonic() - began


def read_anew(system: System, side: str) -> None:
    """Do at the broker's machine what the commands say."""
    getattr(system.stack, side).read_certificates_anew()


def renew_all(system: System, side: str) -> float:
    """Renew the broker's certificate and every component's; return how long it took."""
    before = connections(system, side)
    certificates(system, "renew", side, "broker", *SIDES[side])
    read_anew(system, side)
    return taken_up(system, side, before)


def rotate(system: System, side: str, load: Load) -> float:
    """Replace a side's authority, step by step; return how long the slowest step took."""
    took = 0.0
    for step in ("trust", "reissue", "retire"):
        before = connections(system, side)
        certificates(system, "rotate", side, "--step", step)
        read_anew(system, side)
        took = max(took, taken_up(system, side, before))
        go_on(load)
    return took


def renew_edge(system: System) -> float:
    """Renew HAProxy's own certificate; return how long until it is the one that is shown."""
    began, before = time.monotonic(), shown(system)
    certificates(system, "renew", "edge", "edge")
    reload_edges(system)
    assert until(lambda: shown(system) != before, 10)
    return time.monotonic() - began


def rotate_edge(system: System, load: Load) -> None:
    """Replace the edge's authority; agencies and clerks trust what its file says."""
    for step in ("trust", "reissue", "retire"):
        before = shown(system)
        certificates(system, "rotate", "edge", "--step", step)
        reload_edges(system)
        assert step != "reissue" or until(lambda: shown(system) != before, 10)  # noqa: B023
        go_on(load)


def reload_edges(system: System) -> None:
    """Have both HAProxies read their files."""
    for proxy in (system.stack.haproxy, system.stack.staff_haproxy):
        proxy.reload()


def shown(system: System) -> str:
    """Return the certificate that the agents' entrance shows."""
    return ssl.get_server_certificate((LOOPBACK, system.port))


def pids(system: System) -> list[int]:
    """Return the processes that run; none may be started anew."""
    stack = system.stack
    brokers = [node.pid for broker in (stack.outside, stack.inside) for node in broker.nodes]
    edges = [proxy.pid for proxy in (stack.haproxy, stack.staff_haproxy)]
    return [*(process.pid for process in stack.processes.values()), *brokers, *edges]


def all_done(system: System, load: Load) -> None:
    """See that accepted is done: lost, doubled and answered wrongly 0, nothing quarantined."""
    verdict = compare(load.book, system.stack.places.folder / "database" / "lupu.sqlite")
    assert verdict.fine(), verdict
    assert not load.given_up
    assert system.stack.outside.queue_messages()[QUARANTINE_QUEUE] == 0
    found = counted(proof(system))
    wrong = {name: found[name] for name in ("lost", "doubled", "altered") if found[name]}
    assert not wrong, found


@pytest.mark.promise(1)
def test_all_certificates_and_authorities_are_replaced_under_load(
    system: System, tmp_path: Path, shows: Shows
) -> None:
    """Components, brokers, HAProxy, then all three authorities: every request is done at once."""
    running_before = pids(system)
    with loaded(system, tmp_path) as load:
        slowest = max(renew_all(system, side) for side in SIDES)
        edge = renew_edge(system)
        rotated = max(rotate(system, side, load) for side in SIDES)
        rotate_edge(system, load)
    counts = load.book.counts()
    assert set(counts) == {"DONE"}, counts
    assert pids(system) == running_before
    all_done(system, load)
    assert max(slowest, rotated) < TAKEN_UP_SECONDS + BUSY_SECONDS
    shows(
        requests=counts["DONE"],
        lost=0,
        doubled=0,
        refused=0,
        restarted=0,
        renewed_within=f"{slowest:.0f} s",
        edge_within=f"{edge:.1f} s",
        each_step_of_an_authority_within=f"{rotated:.0f} s",
    )


@pytest.mark.promise(1)
def test_a_revoked_gateway_is_out_and_everybody_else_goes_on(
    system: System, tmp_path: Path, shows: Shows
) -> None:
    """Nobody new once its list is there, nobody at all once its connections are closed."""
    outside = system.stack.outside
    with loaded(system, tmp_path) as load:
        began = time.monotonic()
        certificates(system, "revoke", "outside", "gateway-2", "--reason", "key-compromise")
        outside.control("close_all_user_connections", "gateway-2", "revoked")
        assert until(
            lambda: "gateway-2" not in connections(system, "outside"), OUT_SECONDS + BUSY_SECONDS
        )
        out = time.monotonic() - began
        for _ in range(5):
            assert "gateway-2" not in connections(system, "outside")
            go_on(load)
        certificates(system, "issue", "outside", "gateway-2")
        assert until(lambda: "gateway-2" in connections(system, "outside"), 30)
    counts = load.book.counts()
    all_done(system, load)
    assert out < OUT_SECONDS + BUSY_SECONDS
    assert counts["DONE"] > (1 - REFUSED_SHARE_MAX) * sum(counts.values()), counts
    shows(out_within=f"{out:.0f} s", answers=counts, lost=0, doubled=0)
