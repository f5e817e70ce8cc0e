"""The gateway as a process: what it does when it, its worker or its broker goes away."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.haproxy.health import healthy
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import ProcessFailed
from tests.acceptance.gateway_edge import NAME, Edge, booking, edge, post, wait_until
from tests.servers.brokers import Brokers
from tests.servers.standstill import standing_still
from tests.slice.gateway_requests import envelope

RECEIVED = "<Status>RECEIVED</Status>"
GROWTH_MIB_MAX = 80


@pytest.fixture
def entrance(brokers: Brokers, tmp_path: Path) -> Iterator[Edge]:
    """Offer a gateway that the test may harm."""
    with edge(brokers, tmp_path) as running:
        yield running


def taken(entrance: Edge, reference: str) -> bool:
    """Return whether a booking is received now."""
    return RECEIVED in entrance.send(post(booking(reference)), quiet_seconds=1)


def test_a_killed_worker_is_replaced(entrance: Edge) -> None:
    """A worker killed with -9 is replaced by itself, and the gateway answers again."""
    for turn in range(2):
        (worker,) = entrance.worker_pids()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda worker=worker: worker not in entrance.worker_pids())
        wait_until(lambda turn=turn: taken(entrance, f"K-{turn}"))
        time.sleep(6)  # sooner again counts as a crash loop, which ends the process


def processors(pid: int) -> set[str]:
    """Return the processors that a process's threads may use, as the kernel lists them."""
    texts = []
    for path in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            texts.append(path.read_text())
    named = [line for text in texts for line in text.splitlines() if "Cpus_allowed_list" in line]
    return {line.split()[1] for line in named}


def test_all_threads_of_a_gateway_stay_on_one_processor(entrance: Edge) -> None:
    """Once it has answered, every thread is on the one that its name chooses."""
    assert taken(entrance, "P-1")
    (worker,) = entrance.worker_pids()
    allowed = sorted(os.sched_getaffinity(0))
    number = int(NAME.rpartition("-")[2])
    assert processors(worker) == {str(allowed[number % len(allowed)])}


def test_a_killed_gateway_takes_its_worker_along(entrance: Edge) -> None:
    """When the main process is killed with -9 its worker dies too, and a new one can start."""
    (worker,) = entrance.worker_pids()
    entrance.process.signal(signal.SIGKILL)
    wait_until(lambda: not entrance.process.alive())
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    entrance.process.start()
    wait_until(lambda: taken(entrance, "K-9"))


def test_sigterm_ends_it_cleanly(brokers: Brokers, tmp_path: Path) -> None:
    """SIGTERM lets the requests under way be answered, ends with status 0, frees the socket."""
    answers: list[str] = []
    with edge(brokers, tmp_path, reply_wait_seconds=3.0) as entrance:
        (worker,) = entrance.worker_pids()
        data = post(booking("T-1"), "Connection: close")
        waiting = threading.Thread(
            target=lambda: answers.append(entrance.send(data, quiet_seconds=9))
        )
        waiting.start()
        time.sleep(1)
        entrance.process.terminate()
        waiting.join()
        wait_until(lambda: not entrance.process.alive())
        assert RECEIVED in answers[0]
        assert entrance.process.exit_status() == 0
        assert not entrance.socket.exists()
        assert not Path(f"/proc/{worker}").exists()


def test_a_taken_socket_is_told_by_its_name(entrance: Edge) -> None:
    """A second gateway on the same socket does not start, and says which socket is taken."""
    command = [sys.executable, "-m", "lupu", "gateway", "run"]
    second = subprocess.run(
        [*command, "-c", str(entrance.config), "-n", NAME],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode != 0
    assert str(entrance.socket) in second.stderr
    assert "taken" in second.stderr
    assert taken(entrance, "T-2")


@pytest.mark.alone
def test_a_broker_that_goes_away_is_the_right_fault_within_a_second(
    own_brokers: Brokers, tmp_path: Path
) -> None:
    """Stalled: unknown, then not accepted; gone: not accepted; back: received. Never a hang.

    A repeat of what is confirmed stays received, whatever has become of the broker.
    """
    fresh = map(str, itertools.count())

    def told(reference: str) -> tuple[str, float]:
        began = time.monotonic()
        with running.connect() as connection:
            connection.sendall(post(booking(reference)))
            connection.settimeout(5)
            answer = connection.recv(65_536).decode()
        codes = ("OUTCOME_UNKNOWN", "NOT_ACCEPTED", "RECEIVED")
        return next(code for code in codes if f">{code}<" in answer), time.monotonic() - began

    broker = own_brokers.outside_broker
    with edge(own_brokers, tmp_path / "edge") as running:
        assert told("B-1")[0] == "RECEIVED"
        with standing_still(broker.pid):
            found = [told(f"B-2-{turn}") for turn in range(3)]
        assert [code for code, _ in found] == ["OUTCOME_UNKNOWN", "NOT_ACCEPTED", "NOT_ACCEPTED"]
        assert max(seconds for _, seconds in found) < 1
        wait_until(lambda: told("B-2-0")[0] == "RECEIVED")
        broker.limit_memory(0.000001)
        wait_until(lambda: told(next(fresh))[0] == "NOT_ACCEPTED")
        assert told("B-4")[1] < 1
        broker.limit_memory(0.8)
        wait_until(lambda: told("B-4")[0] == "RECEIVED")
        broker.kill()
        wait_until(lambda: told(next(fresh))[0] == "NOT_ACCEPTED")
        assert told("B-6")[1] < 1
        assert told("B-4")[0] == "RECEIVED"
        assert healthy(running.socket)
        broker.restart()
        wait_until(lambda: told("B-6")[0] == "RECEIVED", 30)


def resident_mib(pid: int) -> int:
    """Return a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1_024
    raise AssertionError


def test_memory_of_the_process_stays_flat_under_a_flood(entrance: Edge) -> None:
    """Sixty megabytes of refused requests with new names leave the worker as it was."""
    (worker,) = entrance.worker_pids()

    def flood(thread: int, turns: int) -> None:
        for turn in range(turns):
            names = "".join(f"<n{thread}-{turn}-{n}/>" for n in range(8_000))
            entrance.send(post(envelope(names), "Connection: close"), quiet_seconds=5)

    def run(turns: int) -> None:
        threads = [threading.Thread(target=flood, args=(n, turns)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run(10)
    before = resident_mib(worker)
    run(60)
    assert entrance.worker_pids() == [worker]
    assert resident_mib(worker) - before < GROWTH_MIB_MAX


def test_a_worker_grown_too_large_is_replaced_without_a_refused_request(
    brokers: Brokers, tmp_path: Path
) -> None:
    """Beyond its memory bound a new worker starts before the old one ends: nobody notices."""
    port = free_port()
    small = {"memory_mib_max": 20, "memory_sample_seconds": 3}
    with edge(brokers, tmp_path, metrics_port=port, **small) as entrance:
        (worker,) = entrance.worker_pids()
        turn = 0
        ends = time.monotonic() + 30
        while worker in entrance.worker_pids():
            assert time.monotonic() < ends
            turn += 1
            assert taken(entrance, f"G-{turn}")
        assert taken(entrance, "G-0")
        wait_until(lambda: "lupu_gateway_answers_total" in measured(port))


def measured(port: int) -> str:
    """Return what Prometheus would read; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=2) as answer:
            text: str = answer.read().decode()
    except OSError:
        return ""
    return text


def test_a_taken_metrics_port_is_told_by_its_number(brokers: Brokers, tmp_path: Path) -> None:
    """A port that somebody else has ends the start with a sentence that names it."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ProcessFailed, match=str(port)),
            edge(brokers, tmp_path, metrics_port=port),
        ):
            pytest.fail("the gateway started")
