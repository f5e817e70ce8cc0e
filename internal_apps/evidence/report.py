"""A comparison with all that it was made from, so that whoever has it can make it again."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.errors import NeverWorks
from hub.headers import read_time, write_time
from internal_apps.evidence.compare import (
    WRONG,
    Booked,
    Comparison,
    Cover,
    Item,
    Key,
    Stopped,
    TakenIn,
    Verdict,
    View,
    compare,
)
from internal_apps.evidence.reading import Entries, FoundWrong, Period
from internal_apps.evidence.silence import silent
from internal_apps.evidence.store import Heard

FORMAT = "lupu-evidence-report-1"
PURPOSE = "evidence report"


class NotAReport(NeverWorks):
    """The file is no report, or says something else than its own entries."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what it comes to. ``silent``: gateways that should be heard.

    ``silent_seconds`` is how long a page may take to come.
    """

    entries: Entries
    comparison: Comparison
    silent: Sequence[Heard]
    silent_seconds: float

    @classmethod
    def of(cls, entries: Entries, silent_seconds: float) -> "Report":
        """Compare."""
        compared = compare(entries.booked, entries.taken, entries.stopped, entries.view)
        quiet = silent(entries.gateways, entries.view.now, silent_seconds)
        return cls(entries, compared, quiet, silent_seconds)

    @property
    def fine(self) -> bool:
        """Whether nothing was lost, altered or injected, and no book is other than it must be."""
        return self.comparison.fine and not self.entries.findings

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to compare: nothing sent, taken in or stopped."""
        return not (self.entries.booked or self.entries.taken or self.entries.stopped)

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
        """Say in a line what it comes to."""
        if self.fine and self.is_empty:
            return "Nothing was sent in this time, and every book is whole."
        if self.fine:
            return "Nothing was lost, altered or injected, and every book is whole."
        counts = [(self.comparison.count(verdict), verdict.value) for verdict in WRONG]
        counts.append((len(self.entries.findings), "wrong with books"))
        return f"NOT FINE: {', '.join(f'{count:,} {what}' for count, what in counts if count)}."

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
            "sentence": self.sentence(),
            "totals": _totals(self.comparison),
            "items": [_item(item) for item in self.comparison.items],
            "findings": [_plain(asdict(one)) for one in self.entries.findings],
            "silent": [_plain(one._asdict()) for one in self.silent],
        }

    def whole(self, made_by: str) -> bytes:
        """Return everything, entries included, as the bytes that are signed."""
        entries, view = self.entries, self.entries.view
        written = {
            "format": FORMAT,
            "made_by": made_by,
            **self.summary(),
            "bound_seconds": view.bound_seconds,
            "silent_seconds": self.silent_seconds,
            "covers": [
                [*key, cover.until and write_time(cover.until), cover.over]
                for key, cover in sorted(view.covers.items())
            ],
            "depths": dict(view.depths),
            "passed": {name: write_time(at) for name, at in view.passed.items()},
            "applications": dict(view.applications),
            "heard": {name: write_time(at) for name, at in view.heard.items()},
            "booked": [_row(entry) for entry in entries.booked],
            "taken": [_row(entry) for entry in entries.taken],
            "stopped": [_row(entry) for entry in entries.stopped],
            "gateways": [_row(one) for one in entries.gateways],
        }
        return json.dumps(written, separators=(",", ":"), sort_keys=True).encode("ascii")


def made_at(payload: bytes) -> datetime:
    """Return when a report was made, by its own word; NotAReport where it is none."""
    return read_time(str(_read(payload)["looked_at"]))


def again(payload: bytes) -> Report:
    """Return a report made anew from its entries; NotAReport if it does not come to the same."""
    given = _read(payload)
    try:
        report = _report(given)
    except (KeyError, TypeError, ValueError) as error:
        raise NotAReport(f"The report lacks something ({type(error).__name__}).") from error
    said = report.summary()
    wrong = [name for name in ("fine", "totals", "items") if said[name] != given[name]]
    if wrong:
        raise NotAReport(f"The report's own entries come to other {', '.join(wrong)}.")
    return report


def _read(payload: bytes) -> dict[str, Any]:
    try:
        given = json.loads(payload)
    except ValueError as error:
        raise NotAReport("It is not JSON.") from error
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        raise NotAReport(f"It is no {FORMAT}.")
    return given


def _report(given: Mapping[str, Any]) -> Report:
    period = Period(
        read_time(given["since"]), read_time(given["until"]), given["route"], given["origin"]
    )
    view = View(
        read_time(given["looked_at"]),
        float(given["bound_seconds"]),
        covers={
            (origin, boot): Cover(until and read_time(until), over)
            for origin, boot, until, over in given["covers"]
        },
        depths=given["depths"],
        passed={name: read_time(at) for name, at in given["passed"].items()},
        applications=given["applications"],
        heard={name: read_time(at) for name, at in given["heard"].items()},
    )
    entries = Entries(
        period,
        view,
        booked=[_booked(row) for row in given["booked"]],
        taken=[_taken(row) for row in given["taken"]],
        stopped=[_stopped(row) for row in given["stopped"]],
        findings=[
            FoundWrong(**{**one, "found_at": read_time(one["found_at"])})
            for one in given["findings"]
        ],
        gateways=[_heard(row) for row in given["gateways"]],
    )
    names = {one["origin"] for one in given["silent"]}
    compared = compare(entries.booked, entries.taken, entries.stopped, view)
    quiet = [one for one in entries.gateways if one.origin in names]
    return Report(entries, compared, quiet, float(given["silent_seconds"]))


def _booked(row: Sequence[Any]) -> Booked:
    key, (request, type_, digest, at, ending, ended_at) = Key(*row[:3]), row[3:]
    return Booked(key, request, type_, digest, read_time(at), ending, _time(ended_at))


def _taken(row: Sequence[Any]) -> TakenIn:
    key, (request, type_, crossed, what, at) = Key(*row[:3]), row[3:]
    return TakenIn(key, request, type_, crossed, what, read_time(at))


def _stopped(row: Sequence[Any]) -> Stopped:
    key, (request, crossed, reason, at) = Key(*row[:3]), row[3:]
    return Stopped(key, request, crossed, reason, read_time(at))


def _heard(row: Sequence[Any]) -> Heard:
    origin, first, last, retired = row
    return Heard(origin, read_time(first), read_time(last), _time(retired))


def _time(text: str | None) -> datetime | None:
    return None if text is None else read_time(text)


def _row(entry: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in entry:
        found.extend(value if isinstance(value, Key) else [_written(value)])
    return found


def _item(item: Item) -> dict[str, Any]:
    return {**_plain(item._asdict()), "key": str(item.key), "verdict": item.verdict.value}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _written(value) for name, value in values.items()}


def _written(value: Any) -> Any:
    return write_time(value) if isinstance(value, datetime) else value


def _totals(comparison: Comparison) -> dict[str, dict[str, int]]:
    return {
        type_: {verdict.value: count for verdict, count in sorted(_counted(total))}
        for type_, total in sorted(comparison.totals.items())
    }


def _counted(total: Counter[Verdict]) -> Iterable[tuple[Verdict, int]]:
    return ((verdict, count) for verdict, count in total.items() if count)
