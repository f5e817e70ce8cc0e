"""One booking with its whole history: every message about it, and its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, Reused, SqlUnit, kept_proofs, reused_references
from adapters.database.tables import inbox, standing
from adapters.soap.proof import read_proof
from hub.envelope import Hop, RequestId, read_hops
from internal_apps.ticketing import store
from internal_apps.ticketing.catalogue import SHANGHAI
from internal_apps.ticketing.domain import Booking
from internal_apps.ticketing.handlers import placed_subject
from internal_apps.ticketing.references import normal

SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a booking's history, and its way: hops, and the times inside.

    ``handled_at`` is when it was looked at last; ``replied_at`` is None while no reply has left.
    ``reused``: what came under the same reference with other values and was refused, the latest
    first. ``signed_by``: the SHA-256 of the certificate with which its agent signed it, while what
    was signed is kept.
    """

    request_id: RequestId
    type: str
    state: str
    outcome_code: str
    sign_in: str
    operator: str
    accepted_at: datetime
    taken_at: datetime
    handled_at: datetime
    replied_at: datetime | None
    hops: Sequence[Hop]
    origin: str
    boot: str
    sequence: int
    reused: Sequence[Reused] = ()
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """A booking as it is, and every message about it, oldest first."""

    booking: Booking
    steps: Sequence[Step]


def history(database: Database, reference: str) -> History | None:
    """Return one booking with its history, or None where there is none of this reference.

    What is tried again, parked, or waits behind such a one, is found by its place in line.
    """
    plain = normal(reference)
    if plain is None:
        return None
    with database.reading() as connection:
        booking = store.find(SqlUnit(connection, datetime.now(SHANGHAI), read_only=True), plain)
        if booking is None:
            return None
        steps = _rows(connection, inbox.c.subject == plain)
        known = {row.request_id for row in steps}
        line = standing.c.line == placed_subject(booking.sender, booking.placed_as)
        kept = connection.execute(sa.select(standing.c.request_id).where(line)).scalars()
        if others := [request_id for request_id in kept if request_id not in known]:
            steps += _rows(connection, inbox.c.request_id.in_(others))
            steps.sort(key=lambda row: (row.handled_at, row.accepted_at, row.sequence))
    reused = reused_references(database, subject=plain)
    signers = _signers(database, [row.request_id for row in steps if SIGNATURE in row.sign_in])
    return History(booking, [_step(row, reused, signers) for row in steps])


def _rows(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
    order = (inbox.c.handled_at, inbox.c.accepted_at, inbox.c.sequence)
    return list(connection.execute(sa.select(inbox).where(which).order_by(*order)))


def _signers(database: Database, request_ids: Sequence[str]) -> Mapping[str, str]:
    if not request_ids:
        return {}
    kept = kept_proofs(database, request_ids)
    return {key: read_proof(one.proof).fingerprint for key, one in kept.items()}


def _step(row: sa.Row[Any], reused: Sequence[Reused], signers: Mapping[str, str]) -> Step:
    return Step(
        request_id=RequestId.parse(row.request_id),
        type=row.type,
        state=row.state,
        outcome_code=row.outcome_code,
        sign_in=row.sign_in,
        operator=row.operator,
        accepted_at=row.accepted_at,
        taken_at=row.taken_at,
        handled_at=row.handled_at,
        replied_at=row.replied_at,
        hops=read_hops(row.hops),
        origin=row.origin,
        boot=row.boot,
        sequence=row.sequence,
        signed_by=signers.get(row.request_id, ""),
        reused=[one for one in reused if one.request_id == row.request_id],
    )
