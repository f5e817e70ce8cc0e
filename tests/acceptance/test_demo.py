"""``make demo ONCE=1``: everything starts, an agency books, and nothing is left running."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.broker import PACKAGE
from deploy.local.ports import LOOPBACK, answers, free_port
from deploy.local.programs import program
from tests.contract.transports import until
from tests.servers.made import made
from tests.structure.source import ROOT

DEMO_SECONDS_MAX = 240


def _running_below(folder: Path) -> list[str]:
    """Return the command lines of processes that have to do with ``folder``.

    A name server (epmd) names it nowhere but in its environment, and leaves its parent.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            known = command + (process / "environ").read_bytes() + bytes(_place(process))
        except OSError:
            continue
        if bytes(folder) in known and process.name != str(os.getpid()):
            found.append(command.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def _place(process: Path) -> Path:
    return (process / "cwd").readlink()


def _demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.local.demo", "--folder", str(folder), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS_MAX,
        check=False,
    )


def test_demo_once_books_and_leaves_nothing_running() -> None:
    """The agency's bookings are answered as the sample file says, and every process ends."""
    ports = (f"PORT={free_port()}", f"STAFF_PORT={free_port()}")
    # In a short path, as sockets need it.
    with TemporaryDirectory(prefix="lupu-demo-") as short:
        folder = Path(short, "demo")
        done = made("demo", "ONCE=1", f"FOLDER={folder}", *ports, seconds_max=DEMO_SECONDS_MAX)
        assert done.returncode == 0, done.stdout + done.stderr
        for word in ("HELD", "CONFIRMED", "CANCELLED", "REUSED", "DAY_NOT_VALID", "hub-1"):
            assert word in done.stdout
        assert _running_below(folder) == []


def test_a_name_server_that_was_left_would_be_found(tmp_path: Path) -> None:
    """A broker's epmd that has become a daemon counts as left running."""
    epmd = [str(program("epmd", PACKAGE)), "-address", LOOPBACK, "-port", str(free_port())]
    environment = {"HOME": str(tmp_path), "ERL_EPMD_RELAXED_COMMAND_CHECK": "1"}
    subprocess.run([*epmd, "-daemon"], env=environment, check=True, cwd="/")
    try:
        assert until(lambda: bool(_running_below(tmp_path)))
    finally:
        subprocess.run([*epmd, "-kill"], env=environment, check=True, capture_output=True)
    assert until(lambda: _running_below(tmp_path) == [])


def test_taken_port_is_named(tmp_path: Path) -> None:
    """A port that another program has stops the demo before anything starts, and is named."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        try:
            while not answers(port):
                assert other.poll() is None
            done = _demo(tmp_path / "demo", "--once", "--port", str(port))
        finally:
            other.kill()
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "PORT=" in done.stderr


def test_a_second_demo_leaves_the_first_ones_folder_alone(tmp_path: Path) -> None:
    """A demo on other ports does not clear away what a running one works on."""
    kept = tmp_path / "demo" / "database" / "lupu.sqlite"
    kept.parent.mkdir(parents=True)
    kept.touch()
    ports = ("--port", str(free_port()), "--staff-port", str(free_port()))
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = _demo(tmp_path / "demo", "--once", *ports)
    assert done.returncode == 1
    assert "Another demo runs in" in done.stderr
    assert kept.exists()
