"""References that came again with other values: written beside the refusal, listed later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database.engine import Database, first
from adapters.database.tables import inbox, reused
from hub.envelope import Message

# Of each request; whoever goes on is counted and logged, and fills no table.
REUSED_MAX = 100

_OF_REQUEST = sa.select(reused.c.origin, reused.c.boot, reused.c.sequence).where(
    reused.c.request_id == sa.bindparam("key")
)


@dataclass(frozen=True, slots=True)
class Reused:
    """One sending of other values under a used reference: which, when, and both digests."""

    request_id: str
    digest: str
    digest_of_first: str
    transmission: str
    accepted_at: datetime
    refused_at: datetime
    sign_in: str
    operator: str
    subject: str


def reused_row(
    connection: sa.Connection, message: Message, digest: str, at: datetime
) -> dict[str, Any] | None:
    """Return the row to be added; None where this transmission has one, or REUSED_MAX do.

    Of two workers that add one at the same moment the second fails for the number, and reads
    again what the first wrote.
    """
    key, sent = str(message.id), message.transmission
    known = [tuple(row) for row in connection.execute(_OF_REQUEST, {"key": key})]
    if len(known) >= REUSED_MAX or (sent.origin, sent.boot, sent.sequence) in known:
        return None
    return {
        "request_id": key,
        "number": len(known) + 1,
        "digest": digest,
        "origin": sent.origin,
        "boot": sent.boot,
        "sequence": sent.sequence,
        "accepted_at": message.accepted_at,
        "refused_at": at,
        "sign_in": message.sign_in,
        "operator": message.operator,
    }


def reused_references(
    database: Database,
    *,
    since: datetime | None = None,
    subject: str = "",
    count_max: int = 1_000,
) -> Sequence[Reused]:
    """Return what was refused, the latest first: since a time, or about one business object."""
    statement = sa.select(reused, inbox.c.digest.label("digest_of_first"), inbox.c.subject).join(
        inbox, inbox.c.request_id == reused.c.request_id
    )
    if since is not None:
        statement = statement.where(reused.c.refused_at >= since)
    if subject:
        statement = statement.where(inbox.c.subject == subject)
    statement = statement.order_by(reused.c.refused_at.desc(), reused.c.request_id)
    with database.reading() as connection:
        rows = connection.execute(first(connection, statement, count_max)).all()
    return [_reused(row) for row in rows]


def _reused(row: sa.Row[Any]) -> Reused:
    return Reused(
        request_id=row.request_id,
        digest=row.digest,
        digest_of_first=row.digest_of_first,
        transmission=f"{row.origin}.{row.boot}.{row.sequence}",
        accepted_at=row.accepted_at,
        refused_at=row.refused_at,
        sign_in=row.sign_in,
        operator=row.operator,
        subject=row.subject,
    )
