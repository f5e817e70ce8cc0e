"""Who asks, found from the sender of a request."""

import sqlalchemy as sa

from adapters.database import SqlUnit
from internal_apps.ticketing import refusals
from internal_apps.ticketing.domain import Buyer
from internal_apps.ticketing.refusals import no
from internal_apps.ticketing.tables import agents

AGENT = "agent"
STAFF = "staff"
TELEPHONE = "TELEPHONE"

_AGENT = sa.select(agents.c.channel, agents.c.group_allowed).where(
    agents.c.number == sa.bindparam("agent")
)


def buyer_of(unit: SqlUnit, sender: str) -> Buyer:
    """Return who asks; Refused where the sender is no agent of ours."""
    known: Buyer | None = unit.memory.get(("buyer", sender))
    if known is None:
        known = unit.memory["buyer", sender] = _read(unit, sender)
    return known


def _read(unit: SqlUnit, sender: str) -> Buyer:
    kind, _, number = sender.partition(":")
    if kind == STAFF:
        return Buyer(sender, TELEPHONE, group_allowed=True, sees_all=True)
    row = unit.connection.execute(_AGENT, {"agent": number}).first() if kind == AGENT else None
    if row is None:
        raise no(refusals.NOT_ON_SALE)
    return Buyer(sender, row[0], group_allowed=bool(row[1]))
