"""What ``lupu check`` says of a gateway: its folders, its socket, its snapshots."""

import os
from collections.abc import Iterator
from pathlib import Path

from adapters.xml import Schemas
from dmz_gateway.served import AGENTS, OFFERS
from dmz_gateway.settings import Gateway
from hub.checks import Check
from hub.errors import SettingsError
from hub.messages import MessageType
from hub.ports import Clock


def look(settings: Gateway, schemas: Schemas, clock: Clock) -> Iterator[Check]:
    """Look at everything but the broker."""
    named = ("books",) if settings.books != Path() else ()
    for name in ("snapshots", "replays", *named):
        folder: Path = getattr(settings, name)
        yield Check.ask(name, lambda folder=folder: _writable(folder))  # type: ignore[misc]
    yield Check.ask("socket", lambda: _writable(settings.socket.parent))
    for row in (AGENTS, OFFERS):
        yield Check.ask(
            f"snapshot of {row.name}",
            lambda row=row: _age(row, settings, schemas, clock),  # type: ignore[misc]
        )


def _writable(folder: Path) -> str:
    standing = folder
    while not standing.exists():
        standing = standing.parent
    if not os.access(standing, os.W_OK | os.X_OK):
        raise SettingsError(f"{standing} cannot be written by this account; change its owner.")
    return str(folder)


def _age(row: MessageType, settings: Gateway, schemas: Schemas, clock: Clock) -> str:
    path = settings.snapshots / f"{row.key}.xml"
    if not path.exists():
        raise SettingsError(
            f"{path} is not there yet: it comes by itself once the inside has published."
        )
    published_at = schemas.values(schemas.read(row.element, path.read_bytes()))["PublishedAt"]
    age_seconds = (clock.now() - published_at).total_seconds()
    if row is AGENTS and age_seconds > settings.credentials_age_seconds_max:
        raise SettingsError(
            f"{path} is {age_seconds / 3_600:.1f} hours old, so nobody may sign in: "
            "look whether the hub and the ticketing worker run."
        )
    return f"published {age_seconds:.0f} seconds ago"
