"""The quarantine as a durable queue: keeping what was refused, and what a person does with it."""

from adapters.quarantine.keeping import (
    ACCOUNT,
    REASON,
    QueueQuarantine,
    Unreadable,
    kept,
    restored,
)
from adapters.quarantine.shelf import QuarantineShelf

__all__ = [
    "ACCOUNT",
    "REASON",
    "QuarantineShelf",
    "QueueQuarantine",
    "Unreadable",
    "kept",
    "restored",
]
