"""Tests run side by side, and the run says the same as if they had run one after the other."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.settings import environment
from tests.structure.source import ROOT

_SHOWING = """
import pytest

@pytest.mark.promise(1)
def test_shows(shows):
    shows(figure={figure})
"""
_LOOKING = """
import time
from pathlib import Path
import pytest

HERE = Path(__file__)

@pytest.mark.{mark}
def test_looks_for_the_other():
    flag = HERE.with_suffix(".here")
    flag.touch()
    ends = time.monotonic() + {seconds}
    while not (met := len(list(HERE.parent.glob("*.here"))) == 2) and time.monotonic() < ends:
        time.sleep(0.01)
    time.sleep(0.1)
    flag.unlink()
    assert met == {met}
"""

_SHARING = """
import os
from pathlib import Path
import pytest

@pytest.fixture
def running_system():
    return Path(__file__).parent

def test_shares(running_system):
    (running_system / str(os.getpid())).touch()
"""

_APART = """
import os
import time
from pathlib import Path
import pytest
{mark}
@pytest.mark.parametrize("number", range(8))
def test_takes_a_while(number):
    Path(__file__).with_name(str(os.getpid())).touch()
    time.sleep(0.1)
"""


def _run(folder: Path, **texts: str) -> subprocess.CompletedProcess[str]:
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = beside", "utf-8")
    plugins = ("xdist", "tests.servers.promises", "tests.servers.side_by_side")
    asked = [word for plugin in plugins for word in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", *asked, "-p", "no:cacheprovider", "-n", "2"]
    return subprocess.run(
        [*command, str(folder)],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_that_share_the_running_system_run_in_one_process(tmp_path: Path) -> None:
    """It starts once, whatever the files of the tests that use it."""
    done = _run(tmp_path, one=_SHARING, other=_SHARING, third=_SHARING)
    assert done.returncode == 0, done.stdout
    assert len([path for path in tmp_path.iterdir() if path.name.isdigit()]) == 1


@pytest.mark.parametrize(("mark", "processes"), [("", 1), ("pytestmark = pytest.mark.apart", 2)])
def test_a_file_runs_in_one_process_unless_its_tests_are_apart(
    tmp_path: Path, mark: str, processes: int
) -> None:
    """What shares nothing is spread over all processes; all else stays together."""
    done = _run(tmp_path, one=_APART.format(mark=mark))
    assert done.returncode == 0, done.stdout
    assert len([path for path in tmp_path.iterdir() if path.name.isdigit()]) == processes


def test_figures_of_all_processes_are_printed(tmp_path: Path) -> None:
    """What a test shows of a promise stands at the end, whichever process ran it."""
    done = _run(tmp_path, one=_SHOWING.format(figure=17), other=_SHOWING.format(figure=18))
    assert done.returncode == 0, done.stdout
    assert all(f"   figure {figure}\n" in done.stdout for figure in (17, 18))


@pytest.mark.parametrize(("mark", "seconds", "met"), [("alone", 1, False), ("beside", 30, True)])
def test_a_test_that_measures_runs_alone(
    tmp_path: Path, mark: str, seconds: int, *, met: bool
) -> None:
    """While a test marked alone runs no other does; without the mark they meet."""
    looking = _LOOKING.format(mark=mark, seconds=seconds, met=met)
    done = _run(tmp_path, one=looking, other=looking)
    assert done.returncode == 0, done.stdout + done.stderr
