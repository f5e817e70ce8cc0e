"""Corrections in the database, with the bytes that they replace."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.database import Database, first
from adapters.database.parts import bytes_to_text, join, split, text_to_bytes
from hub.parking import Place
from internal_apps.parking.domain import Correction, State
from internal_apps.parking.tables import correction_parts, corrections

ORIGINAL = "ORIGINAL"
SEALED = "SEALED"
BODY = "BODY"
WAITING_MAX = 200


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A correction before it is kept.

    ``original`` is the document in clear, ``sealed`` the bytes that lay there where those were
    sealed; ``original_digest`` is that of what lay there.
    """

    place: Place
    name: str
    type: str
    request_id: str
    why: str
    original: bytes
    original_digest: str
    body: bytes
    digest: str
    proposed_by: str
    sealed: bytes = b""


class Corrections:
    """Corrections as rows; each change is asked for with what it must find."""

    def __init__(self, database: Database) -> None:
        """Keep them in ``database``."""
        self.database = database

    def add(self, connection: sa.Connection, new: NewCorrection, at: datetime) -> int:
        """Keep a correction with both bodies; return its number."""
        row = {
            "place": new.place.value,
            "name": new.name,
            "type": new.type,
            "request_id": new.request_id,
            "state": State.PROPOSED.value,
            "why": new.why,
            "original_digest": new.original_digest,
            "digest": new.digest,
            "proposed_by": new.proposed_by,
            "proposed_at": at,
        }
        inserted = connection.execute(corrections.insert().values(row)).inserted_primary_key
        number = int(inserted[0]) if inserted is not None else 0
        parts = [
            {"correction": number, "kind": kind, "number": part, "text": text}
            for kind, body in ((ORIGINAL, new.original), (SEALED, new.sealed), (BODY, new.body))
            if body or kind != SEALED
            for part, text in split(bytes_to_text(body))
        ]
        connection.execute(correction_parts.insert(), parts)
        return number

    def find(self, number: int) -> Correction | None:
        """Return a correction, or None."""
        found = self._listed(corrections.c.number == number, 1)
        return found[0] if found else None

    def of(self, place: Place, name: str) -> Sequence[Correction]:
        """Return the corrections of one message, the last first."""
        return self._listed(
            sa.and_(corrections.c.place == place.value, corrections.c.name == name), 100
        )

    def waiting(
        self, count_max: int = WAITING_MAX, places: Collection[Place] = tuple(Place)
    ) -> Sequence[Correction]:
        """Return corrections on which nobody has decided, the last first."""
        of_places = corrections.c.place.in_([place.value for place in places])
        return self._listed(
            sa.and_(corrections.c.state == State.PROPOSED.value, of_places), count_max
        )

    def body(self, number: int, kind: str = BODY) -> bytes:
        """Return the corrected body of a correction, or what it replaces."""
        statement = sa.select(correction_parts.c.number, correction_parts.c.text).where(
            correction_parts.c.correction == number, correction_parts.c.kind == kind
        )
        with self.database.reading() as connection:
            return text_to_bytes(join((row[0], row[1]) for row in connection.execute(statement)))

    def forget(self, connection: sa.Connection, request_ids: Sequence[str]) -> int:
        """Delete the bodies of every correction of these requests; return how many had some."""
        of = sa.select(corrections.c.number).where(corrections.c.request_id.in_(request_ids))
        numbers = list(connection.execute(of).scalars())
        connection.execute(
            correction_parts.delete().where(correction_parts.c.correction.in_(numbers))
        )
        return len(numbers)

    def decide(
        self, connection: sa.Connection, number: int, state: State, who: str, at: datetime
    ) -> bool:
        """Approve what is proposed, reject it or what is approved; False where one may not.

        An approval by whoever proposed it finds no row, and the database's own constraint would
        not take it either.
        """
        row = corrections.update().where(corrections.c.number == number)
        if state is State.APPROVED:
            row = row.where(
                corrections.c.state == State.PROPOSED.value, corrections.c.proposed_by != who
            )
        else:
            row = row.where(corrections.c.state.in_((State.PROPOSED.value, State.APPROVED.value)))
        changed = connection.execute(row.values(state=state.value, decided_by=who, decided_at=at))
        return changed.rowcount == 1

    def others_approved(self, connection: sa.Connection, one: Correction) -> Sequence[int]:
        """Return the approved corrections of the same message beside ``one``."""
        statement = sa.select(corrections.c.number).where(
            corrections.c.place == one.place.value,
            corrections.c.name == one.name,
            corrections.c.state == State.APPROVED.value,
            corrections.c.number != one.number,
        )
        return [int(row.number) for row in connection.execute(statement)]

    def sent(self, connection: sa.Connection, number: int) -> None:
        """Say that a message went on with its correction."""
        connection.execute(
            corrections.update()
            .where(corrections.c.number == number, corrections.c.state == State.APPROVED.value)
            .values(state=State.SENT.value)
        )

    def _listed(self, which: sa.ColumnElement[bool], count_max: int) -> Sequence[Correction]:
        statement = sa.select(corrections).where(which).order_by(corrections.c.number.desc())
        with self.database.reading() as connection:
            rows = connection.execute(first(connection, statement, count_max)).all()
        return [_correction(row) for row in rows]


def _correction(row: sa.Row[tuple[object, ...]]) -> Correction:
    values = dict(row._mapping)  # noqa: SLF001
    values |= {"place": Place(row.place), "state": State(row.state)}
    return Correction(**{**values, "decided_by": row.decided_by or ""})
