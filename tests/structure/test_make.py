"""The one command explains itself, and the pins are complete."""

import re
import subprocess
from importlib import metadata
from pathlib import Path

from tests.structure.source import ROOT

TARGETS = (
    "help",
    "setup",
    "demo",
    "try",
    "test",
    "check",
    "production",
    "clusters",
    "release",
    "compiled",
    "kills",
    "simulate",
    "bench",
    "clean",
)


def _pins(*names: str) -> dict[str, str]:
    pins: dict[str, str] = {}
    for name in names:
        for line in (ROOT / name).read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                package, same, version = line.partition("==")
                assert same, f"{name}: '{line}' is not pinned"
                pins[_plain(package)] = version
    return pins


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def test_make_explains_every_target() -> None:
    """Plain ``make`` lists each target with a sentence."""
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in TARGETS:
        assert re.search(rf"^  make {target} +\S", shown, re.MULTILINE), target


def test_every_needed_package_is_pinned() -> None:
    """What the pinned packages themselves require is pinned too, so two installs are the same."""
    pins = _pins("requirements.txt", "requirements-db2.txt", "requirements-dev.txt")
    missing = set()
    for package in pins:
        for line in metadata.requires(package) or []:
            requirement, _, condition = line.partition(";")
            if not condition:
                name = re.match(r"[A-Za-z0-9._-]+", requirement)
                assert name is not None
                missing |= {_plain(name[0])} - set(pins)
    assert missing == set()


def test_installed_is_what_is_pinned() -> None:
    """The environment that runs the tests has exactly the pinned versions."""
    pins = _pins("requirements.txt", "requirements-db2.txt", "requirements-dev.txt")
    assert {name: metadata.version(name) for name in pins} == pins


def test_no_package_stands_beside_ours() -> None:
    """Other packages called hub or adapters must never be installed beside this project."""
    names = {_plain(found.metadata["Name"]) for found in metadata.distributions()}
    assert not names & {"hub", "adapters", "certs", "deploy"}


def test_ci_runs_what_a_newcomer_runs() -> None:
    """.ci/run calls make check and make test, so that both mean the same everywhere."""
    text = (ROOT / Path(".ci/run")).read_text("utf-8")
    assert "make check" in text
    assert "make test" in text
    assert "make production" in text
