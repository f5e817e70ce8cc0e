"""Mistakes in what operators work with, to be found by the simulator."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapters.quarantine import shelf
from hub import replaying
from hub.envelope import Wire, from_wire
from hub.guard import Checked, Guard
from hub.messages import message_type
from hub.parked import ParkedShelf
from hub.parking import End, Ended, Shown
from hub.ports import InboxEntry
from hub.replaying import Inside, Previews
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.noting import Noting
from internal_apps.parking.opening import Guarding
from internal_apps.parking.store import Corrections
from internal_apps.previewing import Foreseeing, Preview
from tests.simulation.documents import DOCUMENTS
from tests.simulation.planting import bug

Right = Callable[..., Any]


class _Silent:
    """Writes nothing down."""

    def begin(self, _shown: Shown) -> None:
        """Be told, and forget it."""

    def ended(self, _ended: Ended) -> None:
        """Be told, and forget it."""


@bug(Guard, "check", seed=3)
def _what_an_operator_brings_is_not_checked(right: Right) -> Right:
    def wrong(self: Any, wire: Wire, **named: Any) -> Checked:
        if not wire.user_id.startswith("operator"):
            checked: Checked = right(self, wire, **named)
            return checked
        if self._opener is not None:
            wire = self._opener.open(wire, self._queue).wire
        return Checked(from_wire(wire), message_type(wire.type), wire)

    return wrong


@bug(replaying, "_check_publisher", seed=21)
def _what_a_stranger_published_is_brought_in_by_a_replay(_right: Right) -> Right:
    return lambda *_: None


@bug(ParkedShelf, "_end", seed=7)
def _a_discard_answers_nobody(right: Right) -> Right:
    def wrong(self: Any, rows: Any, entry: InboxEntry, message: Any) -> None:
        right(self, rows, entry, message._replace(reply_to=""))

    return wrong


@bug(ParkedShelf, "_release", seed=3)
def _a_correction_changes_the_digest_of_what_was_sent(right: Right) -> Right:
    def wrong(self: Any, rows: Any, entry: InboxEntry, message: Any) -> None:
        digest = DOCUMENTS.digest(message_type(message.type).element, message.body)
        right(self, rows, replace(entry, digest=digest), message)

    return wrong


@bug(Interventions, "approve", seed=3)
def _an_approval_is_noted_as_that_of_somebody_else(right: Right) -> Right:
    return lambda self, number, who: right(self, number, f"{who}0")


@bug(Noting, "begin", seed=12)
def _only_the_end_is_written_down(_right: Right) -> Right:
    return lambda *_: None


@bug(shelf, "_one", seed=3)
def _a_quarantine_lets_go_before_the_confirm(right: Right) -> Right:
    def wrong(hand: Any, shown: Shown, tags: Any, record: Any, sent: Any) -> Ended:
        if sent is not None and shown.wire is not None:
            hand.acknowledge(tags)
        ended: Ended = right(hand, shown, tags, record, sent)
        return ended

    return wrong


@bug(shelf, "_one", seed=21)
def _a_replay_is_written_down_once_it_was_sent(right: Right) -> Right:
    def wrong(hand: Any, shown: Shown, tags: Any, record: Any, sent: Any) -> Ended:
        ended: Ended = right(hand, shown, tags, _Silent(), sent)
        if ended.end is not End.CANNOT:
            record.begin(shown)
        record.ended(ended)
        return ended

    return wrong


@bug(Corrections, "others_approved", seed=3)
def _two_corrections_are_approved_at_once(_right: Right) -> Right:
    return lambda *_: ()


@bug(Interventions, "_corrected", seed=86)
def _a_replay_goes_with_what_was_proposed_last(right: Right) -> Right:
    def wrong(self: Any, correction: Any) -> bytes:
        last = self.corrections.of(correction.place, correction.name)[0]
        body: bytes = right(self, last)
        return body

    return wrong


@bug(Foreseeing, "__call__", seed=12)
def _a_preview_leaves_something_behind(right: Right) -> Right:
    def wrong(self: Any, message: Any) -> Preview:
        with self._store.unit() as unit:
            unit.reused(message, "", self._clock.now())
        foreseen: Preview = right(self, message)
        return foreseen

    return wrong


@bug(Interventions, "_foreseen", seed=7)
def _a_preview_forgets_the_correction(right: Right) -> Right:
    return lambda self, message, _correction: right(self, message, None)


@bug(Previews, "_inside", seed=12)
def _a_preview_does_not_ask_what_is_known(_right: Right) -> Right:
    return lambda *_: Inside.FIRST


@bug(Guarding, "__call__", seed=14)
def _a_preview_judges_what_lies_there_and_not_what_was_approved(right: Right) -> Right:
    return lambda self, wire, _corrected: right(self, wire, None)


@bug(ParkedShelf, "_release", seed=7)
def _a_replay_of_what_is_parked_comes_of_nothing(_right: Right) -> Right:
    return lambda *_: None
