"""Running ``make`` as a newcomer does, from within a test that ``make`` itself may have begun."""

import subprocess

from hub.settings import environment
from tests.structure.source import ROOT

# What an outer make hands down would make the inner one quiet, parallel or dry.
_MAKES_OWN = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")


def made(
    *arguments: str, seconds_max: float, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``make`` with arguments in the project's folder; ``path``: where to find programs."""
    kept = {name: value for name, value in environment().items() if name not in _MAKES_OWN}
    return subprocess.run(
        ["/usr/bin/make", *arguments],
        cwd=ROOT,
        env=kept if path is None else {**kept, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds_max,
        check=False,
    )
