"""A clerk at a desk inside: signs in on the staff's pages and looks at a booking."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.local.programs import within
from tests.servers.clerk import PlainClerk
from tests.structure.source import ROOT

LOOK_SECONDS_MAX = 60


def look(network: str, reference: str, **clerk: str) -> str:
    """Return a booking's page, fetched from within a namespace by a process of its own.

    ``clerk``: what PlainClerk is made of.
    """
    done = subprocess.run(
        [*within(network), sys.executable, "-m", "tests.production.clerk_inside"],
        input=json.dumps({"reference": reference, "clerk": clerk}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LOOK_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> None:
    """Print the page that standard input asks for."""
    told = json.load(sys.stdin)
    given = told["clerk"]
    clerk = PlainClerk(given["url"], Path(given["ca_file"]), given["account"], given["password"])
    sys.stdout.write(clerk.booking(told["reference"]))
    clerk.close()


if __name__ == "__main__":
    main()
