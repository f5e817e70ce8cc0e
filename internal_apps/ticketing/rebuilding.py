"""What a repeat is told once its first answer was pruned: the same outcome, said anew."""

from hub.ports import Answer, InboxEntry, Unit
from internal_apps.answering import DONE, refused_before, sql_unit
from internal_apps.ticketing import refusals, store
from internal_apps.ticketing.answers import Answers


class Rebuilding:
    """Says a refusal by its code, and what was done by the booking as it is now.

    Implements ``hub.inbox.Rebuild``.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __call__(self, entry: InboxEntry, unit: Unit) -> Answer:
        """Return the answer to a request that is handled."""
        if entry.outcome_code != DONE:
            return refused_before(entry.outcome_code, refusals.ALL)
        if entry.id.operation == "FeedPart":
            return self._answers.feed_done(entry.id)
        sql = sql_unit(unit)
        booking = store.find(sql, entry.subject) if entry.subject else None
        return self._answers.done_before(entry.id, booking, sql.opened_at)
