"""What evidence says of a running system."""

import json
from collections import Counter
from typing import Any

from lupu.exits import Exit
from tests.contract.transports import until
from tests.servers.system import System
from tests.servers.terminal import typed

PAUSE_SECONDS = 0.5
PROVE_SECONDS_MAX = 180.0


def count_as_lost_after(system: System, seconds: int) -> None:
    """Have what is absent for so long count as lost, and not only after half an hour.

    Once said it stays.
    """
    inside = system.stack.places.configuration("inside")
    text = inside.read_text("utf-8")
    if "\n[evidence]\n" not in text:
        inside.write_text(f"{text}\n[evidence]\nbound_seconds = {seconds}\n")


def verified(system: System, *arguments: str) -> dict[str, Any]:
    """Return what ``lupu evidence verify`` says, and check that its status says the same."""
    config = system.stack.places.configuration("inside")
    status, text = typed(config, "evidence", "verify", "--json", *arguments)
    said: dict[str, Any] = json.loads(text)
    assert status == (Exit.FINE if said["fine"] else Exit.FAILED), text
    return said


def verdicts(said: dict[str, Any]) -> dict[str, str]:
    """Return what is worth a look, by the agency's reference."""
    return {item["request"].rpartition("/")[2]: item["verdict"] for item in said["items"]}


def counts(said: dict[str, Any]) -> Counter[str]:
    """Return how many of all requests ended in each verdict."""
    found: Counter[str] = Counter()
    for total in said["totals"].values():
        found.update(total)
    return found


def proof(system: System) -> dict[str, Any]:
    """Return what the books of both sides come to, once nothing is on its way any more."""
    count_as_lost_after(system, 5)

    def has_settled() -> bool:
        said = verified(system, "--route", "ticketing")
        total = counts(said)
        open_ = total["awaited"] + total["unbooked"] + total["in flight"]
        return bool(said["compared"]) and not open_

    assert until(has_settled, PROVE_SECONDS_MAX, pause_seconds=PAUSE_SECONDS), verified(system)
    return verified(system)
