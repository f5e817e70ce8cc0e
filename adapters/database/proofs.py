"""What agents signed, kept beside their requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.database.engine import Database
from adapters.database.parts import join, text_to_bytes
from adapters.database.tables import PROOF, inbox, inbox_parts


@dataclass(frozen=True, slots=True)
class KeptProof:
    """A proof, and what the inbox knows of its request; ``digest`` is over the typed values."""

    proof: bytes
    request_id: str
    type: str
    digest: str
    accepted_at: datetime


def kept_proofs(database: Database, request_ids: Iterable[str]) -> Mapping[str, KeptProof]:
    """Return the proofs that are kept of requests, by request id."""
    statement = (
        sa.select(
            inbox_parts.c.request_id,
            inbox_parts.c.number,
            inbox_parts.c.text,
            inbox.c.type,
            inbox.c.digest,
            inbox.c.accepted_at,
        )
        .join(inbox, inbox.c.request_id == inbox_parts.c.request_id)
        .where(inbox_parts.c.kind == PROOF, inbox_parts.c.request_id.in_(list(request_ids)))
    )
    with database.reading() as connection:
        rows = connection.execute(statement).all()
    found: dict[str, KeptProof] = {}
    for row in rows:
        if row.request_id not in found:
            parts = ((one.number, one.text) for one in rows if one.request_id == row.request_id)
            proof = text_to_bytes(join(parts))
            found[row.request_id] = KeptProof(
                proof, row.request_id, row.type, row.digest, row.accepted_at
            )
    return found
