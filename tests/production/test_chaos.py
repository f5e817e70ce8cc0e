"""The short form of ``make chaos``: each kind of fault once, under load from real SOAP clients."""

import re
import subprocess
import sys

import pytest

from tests.servers.promises import Shows

MINUTES, FAULTS = 0.6, 24
NOTHING = "lost 0, doubled 0, altered 0, answered wrongly 0"


@pytest.mark.promise(1)
def test_nothing_is_lost_while_everything_fails_at_random(shows: Shows) -> None:
    """Lost 0, doubled 0, altered 0, answered wrongly 0, by a checker with no code of ours."""
    asked = ("--minutes", str(MINUTES), "--faults", str(FAULTS), "--database", "sqlite")
    command = (sys.executable, "-m", "tests.chaos", *asked)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)  # noqa: T201  the figures, and the seed
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith(NOTHING)
    thrown = re.search(r"faults thrown (\d+)", done.stdout)
    assert thrown is not None
    assert int(thrown[1]) > FAULTS / 2
    shows(faults_at_random=thrown[1], of_every_process_broker_link_disk_and_clock=NOTHING)
