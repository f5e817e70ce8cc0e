"""A clerk at a desk inside: signs in on the staff's pages and looks at a booking."""

import json
import sys
from pathlib import Path

from tests.production.within import said_within
from tests.servers.clerk import PlainClerk

LOOK_SECONDS_MAX = 60


def look(network: str, reference: str, **clerk: str) -> str:
    """Return a booking's page, fetched from within a namespace by a process of its own.

    ``clerk``: what PlainClerk is made of.
    """
    told = {"reference": reference, "clerk": clerk}
    return said_within(network, "tests.production.clerk_inside", told, LOOK_SECONDS_MAX)


def main() -> None:
    """Print the page that standard input asks for."""
    told = json.load(sys.stdin)
    given = told["clerk"]
    clerk = PlainClerk(given["url"], Path(given["ca_file"]), given["account"], given["password"])
    sys.stdout.write(clerk.booking(told["reference"]))
    clerk.close()


if __name__ == "__main__":
    main()
