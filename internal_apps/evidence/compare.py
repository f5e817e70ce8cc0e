"""The two sides compared: what became of each transmission, said once and by its id.

Only what a broker confirmed and the inside has not taken in is lost, and only once it can lie in
no queue any more. Of what was not confirmed nobody knows: it arrived or it did not, and either
is right. A pure function of the entries, so that whoever has the entries comes to the same end.
"""

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from hub.ports import Published, Taken
from internal_apps.evidence.entries import Booked, Key, OneSent, Stopped, TakenIn, View


class Verdict(enum.StrEnum):
    """What became of a transmission; exactly one of these for each.

    RECEIVED: taken in once, as it was sent. DOUBLED: more than once, handled once. ARRIVED: so,
    although the broker did not confirm it. ALTERED: other bytes or another id than were sent.
    CORRECTED: stopped by a guard, then brought in with other bytes by an operator.
    IN_FLIGHT: confirmed and on its way. QUARANTINED: stopped by a guard. LOST: confirmed, and
    neither here nor on its way. ABSENT: not confirmed, and not here. NOT_SENT: the broker did not
    take it. INJECTED: taken in, although no gateway sent it. AWAITED: taken in, and the page that
    must say so has not come yet. UNBOOKED: so, and for too long. STOPPED: stopped by a guard,
    although no gateway sent it.
    """

    RECEIVED = "received"
    DOUBLED = "doubled"
    ARRIVED = "arrived"
    ALTERED = "altered"
    CORRECTED = "corrected"
    IN_FLIGHT = "in flight"
    QUARANTINED = "quarantined"
    LOST = "lost"
    ABSENT = "absent"
    NOT_SENT = "not sent"
    INJECTED = "injected"
    AWAITED = "awaited"
    UNBOOKED = "unbooked"
    STOPPED = "stopped"


WRONG = (Verdict.LOST, Verdict.ALTERED, Verdict.INJECTED, Verdict.UNBOOKED)
# Of what a gateway sent: these add up to it.
OF_SENT = tuple(
    verdict
    for verdict in Verdict
    if verdict not in (Verdict.INJECTED, Verdict.AWAITED, Verdict.UNBOOKED, Verdict.STOPPED)
)
# The last page of a book stands on no other: what is amiss with books is found by itself.
_PAGE = "BookPage."
_PLAIN = (Verdict.RECEIVED, Verdict.NOT_SENT)
_NOT_TAKEN = (Published.RETURNED.value, Published.REFUSED.value, Published.NOT_SENT.value)


class Item(NamedTuple):
    """A transmission and what became of it; what is not known is empty.

    ``repeated_at``: when the request of a lost one was taken in all the same, sent once more.
    """

    verdict: Verdict
    key: Key
    request: str
    type: str
    sent_at: datetime | None
    ending: str
    ended_at: datetime | None
    taken_at: datetime | None
    times: int
    detail: str
    repeated_at: datetime | None = None


@dataclass(slots=True)
class Comparison:
    """What became of all. ``totals`` by type; ``items`` are those that are worth a look."""

    totals: dict[str, Counter[Verdict]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)

    def count(self, *verdicts: Verdict) -> int:
        """Return how many ended in one of these."""
        return sum(total[verdict] for total in self.totals.values() for verdict in verdicts)

    @property
    def fine(self) -> bool:
        """Whether nothing was lost, altered or injected, and each has its line in a book."""
        return self.count(*WRONG) == 0

    def add(self, item: Item) -> None:
        """Count a transmission, and keep it if it is worth a look."""
        self.totals.setdefault(item.type, Counter())[item.verdict] += 1
        if item.verdict not in _PLAIN:
            self.items.append(item)


def compare(
    booked: Sequence[Booked], taken: Sequence[TakenIn], stopped: Iterable[Stopped], view: View
) -> Comparison:
    """Compare the entries of both sides; every transmission of either is judged once."""
    found: dict[Key, OneSent] = {}
    entries: Iterable[Booked | TakenIn | Stopped] = (*booked, *taken, *stopped)
    for entry in entries:
        found.setdefault(entry.key, OneSent(entry.key, [], [], [])).add(entry)
    ordered = [found[key] for key in sorted(found)]
    return compare_all(lambda: ordered, view)


def compare_all(both: Callable[[], Iterable[OneSent]], view: View) -> Comparison:
    """Compare what ``both`` yields, each transmission once; it is asked again to name the
    requests of what is lost or altered.
    """
    comparison = Comparison()
    for one in both():
        comparison.add(_judge(*one, view))
    _name_swapped(comparison, both)
    _name_repeated(comparison, both)
    return comparison


def _judge(
    key: Key, booked: list[Booked], taken: list[TakenIn], stopped: list[Stopped], view: View
) -> Item:
    taken = sorted(taken, key=lambda one: one.at)
    if not booked:
        return _unbooked(key, taken, stopped, view)
    first = booked[0]
    verdict, detail = _of_booked(booked, taken, stopped, view)
    taken_at = taken[0].at if taken else None
    sent = (first.request, first.type, first.at, first.ending, first.ended_at)
    return Item(verdict, key, *sent, taken_at, len(taken), detail)


def _of_booked(
    booked: list[Booked], taken: list[TakenIn], stopped: list[Stopped], view: View
) -> tuple[Verdict, str]:
    first = booked[0]
    if len(booked) > 1:
        return Verdict.ALTERED, "its gateway's book has this transmission more than once"
    strange = [one for one in taken if not _same(first, one.request, one.crossed)]
    known = [one for one in stopped if _same(first, one.request, one.crossed)]
    if strange and known and all(one.request == first.request for one in strange):
        # Only an operator can bring again what a guard has stopped, and only under its own id.
        return Verdict.CORRECTED, f"had been stopped: {known[0].reason}"
    if strange:
        return Verdict.ALTERED, f"arrived as {strange[0].request} with {strange[0].crossed}"
    if taken:
        return _of_taken(first, taken)
    return _of_stopped(first, stopped) if stopped else _of_absent(first, view)


def _of_stopped(first: Booked, stopped: list[Stopped]) -> tuple[Verdict, str]:
    odd = [one for one in stopped if not _same(first, one.request, one.crossed)]
    if odd:
        return Verdict.ALTERED, f"was stopped as {odd[0].request} with {odd[0].crossed}"
    return Verdict.QUARANTINED, stopped[0].reason


def _of_absent(first: Booked, view: View) -> tuple[Verdict, str]:
    if first.ending in _NOT_TAKEN:
        return Verdict.NOT_SENT, first.ending
    if first.ending != Published.CONFIRMED.value:
        return Verdict.ABSENT, first.ending or "its gateway never heard how it ended"
    return (Verdict.IN_FLIGHT if view.may_be_on_its_way(first) else Verdict.LOST), ""


def _of_taken(first: Booked, taken: list[TakenIn]) -> tuple[Verdict, str]:
    # What lay in the quarantine inside and was brought again came in once.
    got_in = [one for one in taken if one.what != Taken.QUARANTINED.value]
    if not got_in:
        return Verdict.QUARANTINED, "in the quarantine inside"
    if len(got_in) > 1:
        return Verdict.DOUBLED, f"{len(got_in)} times, handled once"
    if first.ending != Published.CONFIRMED.value:
        return Verdict.ARRIVED, first.ending or "its gateway never heard how it ended"
    return Verdict.RECEIVED, ""


def _same(booked: Booked, request: str, crossed: str) -> bool:
    # Without a digest a hub of before brought it: the id is all there is to compare.
    return booked.request == request and crossed in ("", booked.digest)


def _unbooked(key: Key, taken: list[TakenIn], stopped: list[Stopped], view: View) -> Item:
    got_in = [one for one in taken if one.what != Taken.QUARANTINED.value]
    if got_in:
        verdict, detail = _of_unbooked(key, got_in[0], view)
    else:
        verdict = Verdict.STOPPED
        detail = stopped[0].reason if stopped else "in the quarantine inside"
    one = (taken or stopped)[0]
    type_ = taken[0].type if taken else ""
    at = one.at
    return Item(verdict, key, one.request, type_, None, "", None, at, len(taken), detail)


def _of_unbooked(key: Key, taken: TakenIn, view: View) -> tuple[Verdict, str]:
    if view.must_be_booked(key, taken.at):
        return Verdict.INJECTED, "its gateway's book is here and has it not"
    if view.is_overdue(taken.at) and not taken.type.startswith(_PAGE):
        return Verdict.UNBOOKED, "the page of its gateway's book that must name it has not come"
    return Verdict.AWAITED, ""


def _name_swapped(comparison: Comparison, both: Callable[[], Iterable[OneSent]]) -> None:
    """Say of altered ones whose bytes they carried, where another was sent with them."""
    carried = {
        item.detail.rpartition(" ")[2]
        for item in comparison.items
        if item.verdict is Verdict.ALTERED
    }
    if not carried:
        return
    booked = (entry for one in both() for entry in one.booked)
    owners = {entry.digest: entry.key for entry in booked if entry.digest in carried}
    for at, item in enumerate(comparison.items):
        owner = owners.get(item.detail.rpartition(" ")[2])
        if item.verdict is Verdict.ALTERED and owner not in (None, item.key):
            said = f"{item.detail}, the bytes of {owner}"
            comparison.items[at] = item._replace(detail=said)


def _name_repeated(comparison: Comparison, both: Callable[[], Iterable[OneSent]]) -> None:
    """Say of lost ones when their request was taken in: then nobody need repeat it any more."""
    came: dict[str, datetime | None] = {
        item.request: None for item in comparison.items if item.verdict is Verdict.LOST
    }
    if not came:
        return
    for one in (entry for each in both() for entry in each.taken):
        if one.request in came and one.what != Taken.QUARANTINED.value:
            before = came[one.request]
            came[one.request] = one.at if before is None else min(before, one.at)
    for at, item in enumerate(comparison.items):
        if item.verdict is Verdict.LOST:
            comparison.items[at] = item._replace(repeated_at=came[item.request])
