"""A module of these tests as a process of its own, within a network namespace."""

import json
import subprocess
import sys

from deploy.local.programs import within
from tests.structure.source import ROOT


def said_within(network: str, module: str, told: object, seconds_max: float) -> str:
    """Run a module, tell it what it asks for as JSON on standard input; return what it prints."""
    done = subprocess.run(
        [*within(network), sys.executable, "-m", module],
        input=json.dumps(told),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds_max,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
