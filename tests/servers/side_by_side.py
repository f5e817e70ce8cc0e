"""Pytest plugin: tests that run side by side under ``-n``, and those marked ``alone`` that do not.

A file's tests run in one process, one after the other, and so do all that share the running
system, which then starts once; those of a file marked ``apart`` share nothing and run anywhere.
What measures seconds or memory finds something else on a busy machine: each test takes its turn
by a lock that the processes share, with others or alone.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SYSTEM = "running_system"
MARK = "alone"
APART = "apart"
_DOOR, _ROOM = 0, 1
_FOLDER = "lupu_turns"
_MADE = pytest.StashKey[str]()
_TURNS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark, and the lock that this process shares with others, if there are any."""
    config.addinivalue_line("markers", f"{MARK}: measures; no other test runs meanwhile")
    config.addinivalue_line("markers", f"{APART}: of a file's tests, that they share nothing")
    given: dict[str, Any] = getattr(config, "workerinput", {})
    if _FOLDER in given:
        config.stash[_TURNS] = Path(given[_FOLDER], "turns")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that will run tests where the lock is."""
    if _MADE not in node.config.stash:
        folder = tempfile.TemporaryDirectory(prefix="lupu-turns-")
        node.config.add_cleanup(folder.cleanup)
        node.config.stash[_MADE] = folder.name
    node.workerinput[_FOLDER] = node.config.stash[_MADE]


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it says nothing of its types
    """Gives a process whole files, and one of them all files that name the running system.

    Of a file whose tests are apart it gives each by itself, so that no process ends long after
    the others.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        text = Path(self.config.rootpath, file).read_text("utf-8")
        if f"pytestmark = pytest.mark.{APART}" in text:
            return nodeid
        return SYSTEM if SYSTEM in text else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Decide which tests run in one process."""
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start what a test needs while others run, but not while one measures."""
    with _turn(item, alone=False):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run a test when it is its turn."""
    with _turn(item, alone=item.get_closest_marker(MARK) is not None):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """End what a test had, but not while another measures."""
    with _turn(item, alone=False):
        return (yield)


@contextmanager
def _turn(item: pytest.Item, *, alone: bool) -> Iterator[None]:
    """Hold the room until the block ends: with others, or alone.

    Whoever waits for the room holds its door, so that those who come later do not keep it full.
    """
    path = item.config.stash.get(_TURNS, None)
    if path is None:
        yield
        return
    with path.open("a+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, _DOOR)
        fcntl.lockf(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, 1, _ROOM)
        fcntl.lockf(file, fcntl.LOCK_UN, 1, _DOOR)
        yield
