"""The question for a booking or for what a request made of it; it changes nothing."""

from collections.abc import Mapping
from typing import Any

from adapters.database import InboxStore, SqlUnit
from hub.envelope import Message, RequestId
from hub.errors import Refused
from hub.ports import Answer, InboxState
from hub.queries import Query
from internal_apps.answering import outcome
from internal_apps.ticketing import refusals, store
from internal_apps.ticketing.answers import DONE, NOT_KNOWN_YET, PENDING, Answers
from internal_apps.ticketing.buyers import buyer_of
from internal_apps.ticketing.domain import may_see
from internal_apps.ticketing.rebuilding import Rebuilding
from internal_apps.ticketing.references import normal
from internal_apps.ticketing.refusals import no


class Queries:
    """The question of ticketing."""

    def __init__(self, inbox_store: InboxStore, answers: Answers) -> None:
        self._store = inbox_store
        self._answers = answers
        self._rebuild = Rebuilding(answers)

    def by_type(self) -> Mapping[str, Query]:
        """Return what answers, by message type."""
        return {"GetBooking.1": self.get_booking}

    def get_booking(self, message: Message) -> Answer:
        """Answer with a booking, or with the outcome of a request under its own reference."""
        values = self._answers.values(message.body)
        with self._store.reading() as unit:
            try:
                return self._get_booking(message, values, unit)
            except Refused as refused:
                return self._answers.refused(refused.refusal)

    def _get_booking(self, message: Message, values: dict[str, Any], unit: SqlUnit) -> Answer:
        if "AnswerTo" in values:
            return self._outcome(message, values["AnswerTo"], unit)
        reference = normal(values["BookingReference"])
        booking = store.find(unit, reference) if reference else None
        if booking is None or not may_see(buyer_of(unit, message.id.sender), booking):
            raise no(refusals.NO_SUCH_BOOKING)
        return self._answers.shown(booking)

    def _outcome(self, message: Message, asked: Mapping[str, str], unit: SqlUnit) -> Answer:
        reference = asked["RequestReference"]
        entry = unit.entry(RequestId(message.id.sender, asked["Operation"], reference))
        if entry is None:
            return self._answers.ask_again(NOT_KNOWN_YET, reference)
        if entry.state is not InboxState.HANDLED:
            return self._answers.ask_again(PENDING, reference)
        answer = outcome(entry, unit, self._rebuild)
        return answer if entry.outcome_code != DONE else self._answers.again(answer.body)
