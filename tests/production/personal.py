"""Where a visitor's name or number stands that should be nowhere: in logs, in metrics."""

import json
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from deploy.local.ports import LOOPBACK
from deploy.local.stack import Stack

METRICS_SECONDS_MAX = 10.0


def said_by_anybody(stack: Stack, *known: str) -> list[str]:
    """Return every log, of processes, HAProxies and brokers, and all metrics that say one."""
    wanted = {form for one in known for form in _forms(one)}
    return [place for place, text in _texts(stack) if any(form in text for form in wanted)]


def _forms(known: str) -> Iterator[bytes]:
    """Yield how it may be written: as it is, in JSON, in an address."""
    yield known.encode()
    yield json.dumps(known).strip('"').encode()
    yield quote(known).encode()
    yield quote_plus(known).encode()


def _texts(stack: Stack) -> Iterator[tuple[str, bytes]]:
    folder = stack.places.folder
    logs = sorted(path for path in folder.rglob("*.log*") if path.is_file())
    assert {path.stem for path in logs} >= set(stack.processes), "some process has no log"
    for path in logs:
        yield str(path.relative_to(folder)), path.read_bytes()
    for name, port in stack.metrics_ports.items():
        address = f"http://{LOOPBACK}:{port}/metrics"
        with urllib.request.urlopen(address, timeout=METRICS_SECONDS_MAX) as answer:
            yield f"metrics of {name}", answer.read()
