"""What is paused and what is drained, in the database: who reads it, begins it and ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.database.tables import traffic, waiting
from hub.traffic import Kind, Mode, Target, Targets

_TARGETS = sa.select(traffic.c.kind, traffic.c.name).where(
    traffic.c.mode == sa.bindparam("mode_is")
)
_ONE = sa.and_(
    traffic.c.mode == sa.bindparam("mode_is"),
    traffic.c.kind == sa.bindparam("kind_is"),
    traffic.c.name == sa.bindparam("name_is"),
)


@dataclass(frozen=True, slots=True)
class Halted:
    """What is paused or drained, since when, by whom and why; ``kept``: requests that wait."""

    mode: Mode
    target: Target
    since: datetime
    who: str
    why: str
    kept: int


def read_pauses(connection: sa.Connection) -> Targets:
    """Return what is paused as a transaction sees it."""
    return Targets(read_targets(connection, Mode.PAUSE))


def read_targets(connection: sa.Connection, mode: Mode) -> Sequence[Target]:
    """Return what is paused, or what is drained, by kind and name."""
    rows = connection.execute(_TARGETS, {"mode_is": mode.value})
    return sorted(Target(Kind(row[0]), row[1]) for row in rows)


def list_halted(connection: sa.Connection) -> Sequence[Halted]:
    """Return all that is paused or drained, the oldest first."""
    rows = connection.execute(sa.select(traffic).order_by(traffic.c.since)).all()
    targets = [Target(Kind(row.kind), row.name) for row in rows]
    counts = sa.select(waiting.c.subject, sa.func.count()).group_by(waiting.c.subject)
    wanted = counts.where(waiting.c.subject.in_([one.subject for one in targets]))
    kept = {row[0]: row[1] for row in connection.execute(wanted)} if targets else {}
    return [
        Halted(Mode(row.mode), target, row.since, row.who, row.why, kept.get(target.subject, 0))
        for target, row in zip(targets, rows, strict=True)
    ]


def begin(
    connection: sa.Connection, mode: Mode, target: Target, *, since: datetime, who: str, why: str
) -> bool:
    """Pause or drain; False where that has begun before."""
    wanted = sa.select(traffic.c.name).where(_ONE)
    if connection.execute(wanted, _named(mode, target)).first() is not None:
        return False
    row = {"mode": mode.value, "kind": target.kind.value, "name": target.name}
    connection.execute(traffic.insert().values(**row, since=since, who=who, why=why))
    return True


def end(connection: sa.Connection, mode: Mode, target: Target, now: datetime) -> bool:
    """End it, and make due what a pause keeps; False where it has not begun."""
    if connection.execute(traffic.delete().where(_ONE), _named(mode, target)).rowcount != 1:
        return False
    if mode is Mode.PAUSE:
        kept = waiting.c.subject == target.subject
        connection.execute(waiting.update().where(kept).values(deadline=now))
    return True


def _named(mode: Mode, target: Target) -> dict[str, str]:
    return {"mode_is": mode.value, "kind_is": target.kind.value, "name_is": target.name}
