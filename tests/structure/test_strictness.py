"""In CI nothing is skipped: a run that skipped a test fails, and the number is always printed."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.settings import environment
from tests.structure.source import ROOT

_SKIPPING = "import pytest\n\ndef test_skips():\n    pytest.skip('no broker here')\n"
_PASSING = "def test_passes():\n    assert True\n"


def _run(folder: Path, text: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    plugin = ("-p", "tests.servers.strictness", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, str(folder)],
        cwd=folder,
        env=environment()
        | {"CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "ci", "status", "words"),
    [
        (_SKIPPING, "true", 1, "skipped: 1 (not allowed in CI)"),
        (_SKIPPING, "", 0, "skipped: 1"),
        (_PASSING, "true", 0, "skipped: 0"),
    ],
)
def test_skipping_fails_in_ci_only(
    tmp_path: Path, text: str, ci: str, status: int, words: str
) -> None:
    """A skipped test fails the run in CI and nowhere else; the number is printed everywhere."""
    done = _run(tmp_path, text, ci)
    assert done.returncode == status, done.stdout
    assert words in done.stdout
