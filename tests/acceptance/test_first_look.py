"""``make try``: a first look, without root or broker, in under a minute."""

import json

from deploy.local.first_look import FOLDER
from tests.servers.made import made
from tests.structure.source import ROOT

SECONDS_MAX = 60
# Neither a broker nor HAProxy is in these.
USERS_PATH = "/usr/bin:/bin"


def test_a_first_look_books_and_says_that_it_proves_nothing() -> None:
    """The table has every answer, and no error is in the log."""
    done = made("try", seconds_max=SECONDS_MAX, path=USERS_PATH)
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("HELD", "CONFIRMED", "CANCELLED", "REFERENCE_REUSED", "DAY_NOT_VALID", "hub-1"):
        assert word in done.stdout
    assert "This proves nothing" in done.stdout
    assert done.stderr == ""
    lines = (ROOT / FOLDER / "lupu.log").read_text("utf-8").splitlines()
    assert {json.loads(line)["level"] for line in lines} <= {"info", "warning"}
