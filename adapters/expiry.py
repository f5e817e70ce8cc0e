"""How many days the certificates, authorities and lists that a process uses are good for."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

from cryptography import x509

from hub.settings import Broker, Configuration

DAY_SECONDS = 86_400
_CRL = b"-----BEGIN X509 CRL-----"


@dataclass(frozen=True, slots=True)
class Edge:
    """HAProxy's files: its own certificate, and the authority of the agents' (gateways only)."""

    section: ClassVar[str] = "edge"
    certificate: Path
    agents_authority: Path = Path()


class Gauges(Protocol):
    """Where numbers are shown that are asked for when somebody looks."""

    def gauge_of(self, name: str, ask: Callable[[], float], **labels: str) -> None:
        """Show what ``ask`` says at each look."""


def show_days_left(gauges: Gauges, brokers: Iterable[Broker]) -> None:
    """Show the days of what ``brokers`` are dialled with, read anew at each look."""
    for broker in brokers:
        for what in ("certificate", "authority", "crl"):
            _show(gauges, f"{broker.section} {what}", getattr(broker, what))


def show_edge_days_left(gauges: Gauges, configuration: Configuration) -> None:
    """Show those of HAProxy's files too, where the configuration names them."""
    if configuration.has(Edge):
        edge = configuration.read(Edge)
        for what in ("certificate", "agents_authority"):
            _show(gauges, f"edge {what}", getattr(edge, what))


def days_left(path: Path) -> float:
    """Return the days of what ends first in a file; nothing at all where it cannot be read."""
    try:
        ends = _ends(path.read_bytes())
    except (OSError, ValueError):
        return math.nan
    return (ends - datetime.now(UTC)).total_seconds() / DAY_SECONDS


def _show(gauges: Gauges, what: str, path: Path) -> None:
    if path != Path():
        ask = partial(days_left, path)
        gauges.gauge_of("lupu_certificate_days_left", ask, what=what, file=str(path))


def _ends(content: bytes) -> datetime:
    lists = content.split(_CRL)[1:]
    found = [x509.load_pem_x509_crl(_CRL + part).next_update_utc for part in lists]
    if not lists:
        found = [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(content)]
    return min(end for end in found if end is not None)
