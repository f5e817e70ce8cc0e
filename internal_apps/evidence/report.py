"""What a comparison comes to: what is wrong, and what was not compared."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.headers import write_time
from internal_apps.evidence.compare import OF_SENT, WRONG, Comparison, Item, Verdict, compare
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.entries import Entries, FoundWrong, Heard, Unfinished
from internal_apps.evidence.silence import silent


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what it comes to.

    ``findings``: what is wrong with books. ``silent``: gateways that should be heard, by which a
    part of the period is not compared. ``silent_seconds`` is how long a page may take to come.
    """

    entries: Entries
    comparison: Comparison
    findings: Sequence[FoundWrong]
    silent: Sequence[Heard]
    silent_seconds: float

    @classmethod
    def of(
        cls, entries: Entries, silent_seconds: float, compared: Comparison | None = None
    ) -> "Report":
        """Compare, unless that is done: then ``entries`` may come without those of both books."""
        period, view = entries.period, entries.view
        if compared is None:
            compared = compare(entries.booked, entries.taken, entries.stopped, view)
        broken_off = [
            _broken_off(one)
            for one in view.unfinished(silent_seconds)
            if period.is_about(one.origin) and period.has_part_of(one.since, one.until)
        ]
        quiet = [
            one
            for one in silent(entries.gateways, view.now, silent_seconds)
            if period.is_about(one.origin) and one.heard_at < period.until
        ]
        return cls(entries, compared, [*entries.findings, *broken_off], quiet, silent_seconds)

    @property
    def is_wrong(self) -> bool:
        """Whether something is not as it must be: a request's fate, or a book."""
        return not self.comparison.fine or bool(self.findings)

    @property
    def sent(self) -> int:
        """How many the gateways sent, by their books."""
        return self.comparison.count(*OF_SENT)

    @property
    def is_compared(self) -> bool:
        """Whether the books of all gateways are here, up to the end of the period."""
        return not self.silent and (self.sent > 0 or self._is_heard)

    @property
    def fine(self) -> bool:
        """Whether all was compared, and nothing is wrong."""
        return self.is_compared and not self.is_wrong

    @property
    def _is_heard(self) -> bool:
        period = self.entries.period
        return any(
            period.is_about(one.origin) and period.has_part_of(one.first_heard_at, one.retired_at)
            for one in self.entries.gateways
        )

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to compare: nothing sent, taken in or stopped."""
        return not self.comparison.totals

    @property
    def worth_a_look(self) -> Sequence[Item]:
        """The items without those that await their page no longer than every page takes."""
        since = self.entries.view.now - timedelta(seconds=self.silent_seconds)
        return [
            item
            for item in self.comparison.items
            if item.verdict is not Verdict.AWAITED
            or item.taken_at is None
            or item.taken_at < since
        ]

    def sentence(self) -> str:
        """Say in a line what it comes to; that nothing is wrong only of what was compared."""
        counts = [(self.comparison.count(verdict), verdict.value) for verdict in WRONG]
        counts.append((len(self.findings), "wrong with books"))
        said = []
        if self.is_wrong:
            wrong = ", ".join(f"{count:,} {what}" for count, what in counts if count)
            said.append(f"NOT FINE: {wrong}.")
        if self.silent:
            since = ", ".join(
                f"{one.origin} is silent since {_second(one.heard_at)}" for one in self.silent
            )
            said.append(f"NOT COMPARED: {since}.")
        elif not self.is_compared:
            said.append("NOT COMPARED: no gateway's book of this time is here.")
        elif not said and self.is_empty:
            said.append("Nothing was sent in this time: nothing to compare; every book is whole.")
        return " ".join(said) or "Nothing was lost, altered or injected, and every book is whole."

    def summary(self) -> dict[str, Any]:
        """Return what it comes to, for programs: times in UTC."""
        period = self.entries.period
        return {
            "since": write_time(period.since),
            "until": write_time(period.until),
            "route": period.route,
            "origin": period.origin,
            "looked_at": write_time(self.entries.view.now),
            "fine": self.fine,
            "compared": self.is_compared,
            "sentence": self.sentence(),
            "totals": _totals(self.comparison),
            "items": [_item(item) for item in self.comparison.items],
            "findings": [_plain(asdict(one)) for one in self.findings],
            "silent": [_plain(one._asdict()) for one in self.silent],
        }


def _broken_off(one: Unfinished) -> FoundWrong:
    """Return the finding that a start's book lacks its end."""
    cover, kind = one.cover, Kind.BOOK_UNFINISHED.value
    at = cover.heard_at or one.since
    detail = "no page after this one has come, though a later start of its gateway is heard"
    return FoundWrong(at, kind, one.origin, one.boot, cover.part, cover.page, detail)


def _item(item: Item) -> dict[str, Any]:
    return {**_plain(item._asdict()), "key": str(item.key), "verdict": item.verdict.value}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _written(value) for name, value in values.items()}


def _written(value: Any) -> Any:
    return write_time(value) if isinstance(value, datetime) else value


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _totals(comparison: Comparison) -> dict[str, dict[str, int]]:
    return {
        type_: {verdict.value: count for verdict, count in sorted(_counted(total))}
        for type_, total in sorted(comparison.totals.items())
    }


def _counted(total: Counter[Verdict]) -> Iterable[tuple[Verdict, int]]:
    return ((verdict, count) for verdict, count in total.items() if count)
