"""What waits in the database, as numbers: what is to leave, and what is not handled yet."""

from datetime import datetime

import sqlalchemy as sa

from adapters.database.store import InboxStore
from adapters.database.tables import inbox, outbox, waiting
from hub.due import Due
from hub.ports import Clock, InboxState, Metrics

LOOK_SECONDS = 10.0
_UNSENT = sa.select(sa.func.count(), sa.func.min(outbox.c.stored_at)).where(
    outbox.c.sent_at.is_(None)
)
# What waits, is tried again or paused, or stands behind; what is parked has its own numbers.
_OPEN = (
    sa.select(inbox.c.state, sa.func.count(), sa.func.min(inbox.c.accepted_at))
    .join(waiting, waiting.c.request_id == inbox.c.request_id)
    .group_by(inbox.c.state)
)
_STATES = (InboxState.WAITING, InboxState.RETRIED, InboxState.BEHIND, InboxState.PAUSED)


class RowsWatch:
    """A chore: how many rows wait and how old the oldest is, of all applications together."""

    def __init__(self, store: InboxStore, clock: Clock, metrics: Metrics) -> None:
        """Look into the store's database every LOOK_SECONDS."""
        self._database = store.database
        self._clock = clock
        self._metrics = metrics
        self._is_due = Due(clock, LOOK_SECONDS)

    def __call__(self) -> None:
        """Look, if it is time."""
        if not self._is_due():
            return
        with self._database.reading() as connection:
            unsent, oldest = connection.execute(_UNSENT).one()
            found = {row[0]: (row[1], row[2]) for row in connection.execute(_OPEN)}
        self._metrics.gauge("lupu_outbox_messages", unsent)
        self._metrics.gauge("lupu_outbox_oldest_seconds", self._age(oldest))
        for state in _STATES:
            count, since = found.get(state.value, (0, None))
            name = state.value.lower()
            self._metrics.gauge("lupu_inbox_open_messages", count, state=name)
            self._metrics.gauge("lupu_inbox_open_oldest_seconds", self._age(since), state=name)

    def _age(self, since: datetime | None) -> float:
        return 0.0 if since is None else max(0.0, (self._clock.now() - since).total_seconds())
