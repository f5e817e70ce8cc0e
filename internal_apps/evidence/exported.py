"""A report as a file, with all that it was made from, so that whoever has it can make it again.

What is made again is every verdict, the totals, which books broke off, which gateways were silent
and what it all comes to. What is taken from whoever signed the report, ``BELIEVED``, is what only
he has seen.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.errors import NeverWorks
from hub.headers import read_time, write_time
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.entries import (
    Booked,
    Cover,
    Depth,
    Entries,
    FoundWrong,
    Heard,
    Key,
    Period,
    Stopped,
    TakenIn,
    View,
)
from internal_apps.evidence.report import Report

FORMAT = "lupu-evidence-report-1"
PURPOSE = "evidence report"
PROVED = (
    "its signature; and, made again from its entries: what became of each transmission, all "
    "totals, which books broke off, which gateways were silent, and the sentence"
)
BELIEVED = (
    "that these are all entries of both books; what was found wrong with pages when they came; "
    "how far each book was here; how deep the queues were"
)
_MADE_AGAIN = ("fine", "compared", "sentence", "totals", "items", "findings", "silent")


class NotAReport(NeverWorks):
    """The file is no report, or says something else than its own entries."""


def written(report: Report, made_by: str, audit_head: str = "") -> bytes:
    """Return everything, entries included, as the bytes that are signed.

    ``audit_head``: the end of the trail of what staff did, which is signed along.
    """
    entries, view = report.entries, report.entries.view
    whole = {
        "format": FORMAT,
        "made_by": made_by,
        "audit_head": audit_head,
        **report.summary(),
        "bound_seconds": view.bound_seconds,
        "silent_seconds": report.silent_seconds,
        "covers": [_row((*key, *cover)) for key, cover in sorted(view.covers.items())],
        "depths": {name: _row(depth) for name, depth in view.depths.items()},
        "passed": {name: write_time(at) for name, at in view.passed.items()},
        "queues": {type_: list(names) for type_, names in view.queues.items()},
        "heard": {name: write_time(at) for name, at in view.heard.items()},
        "booked": [_row(entry) for entry in entries.booked],
        "taken": [_row(entry) for entry in entries.taken],
        "stopped": [_row(entry) for entry in entries.stopped],
        "gateways": [_row(one) for one in entries.gateways],
    }
    return json.dumps(whole, separators=(",", ":"), sort_keys=True).encode("ascii")


def made_by(payload: bytes) -> str:
    """Return who made a report, by its own word; NotAReport where it is none."""
    return str(_read(payload)["made_by"])


def audit_head(payload: bytes) -> str:
    """Return the end of the audit trail that a report names; empty where it names none."""
    return str(_read(payload).get("audit_head", ""))


def again(payload: bytes) -> Report:
    """Return a report made anew from its entries; NotAReport if it does not come to the same."""
    given = _read(payload)
    try:
        report = Report.of(_entries(given), float(given["silent_seconds"]))
        said = report.summary()
        wrong = [name for name in _MADE_AGAIN if said[name] != given[name]]
    except (KeyError, TypeError, ValueError) as error:
        raise NotAReport(f"The report lacks something ({type(error).__name__}).") from error
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


def _entries(given: Mapping[str, Any]) -> Entries:
    period = Period(
        read_time(given["since"]), read_time(given["until"]), given["route"], given["origin"]
    )
    view = View(
        read_time(given["looked_at"]),
        float(given["bound_seconds"]),
        covers={(origin, boot): _cover(row) for origin, boot, *row in given["covers"]},
        depths={
            name: Depth(messages, read_time(at))
            for name, (messages, at) in given["depths"].items()
        },
        passed={name: read_time(at) for name, at in given["passed"].items()},
        queues=given["queues"],
        heard={name: read_time(at) for name, at in given["heard"].items()},
    )
    return Entries(
        period,
        view,
        booked=[_booked(row) for row in given["booked"]],
        taken=[_taken(row) for row in given["taken"]],
        stopped=[_stopped(row) for row in given["stopped"]],
        findings=[
            FoundWrong(**{**one, "found_at": read_time(one["found_at"])})
            for one in given["findings"]
            if one["kind"] != Kind.BOOK_UNFINISHED.value
        ],
        gateways=[_heard(row) for row in given["gateways"]],
    )


def _cover(row: Sequence[Any]) -> Cover:
    up_to, over, whole, until, begun_at, heard_at, part, page = row
    times = _time(until), _time(begun_at), _time(heard_at)
    return Cover(up_to, over, whole, *times, part, page)


def _booked(row: Sequence[Any]) -> Booked:
    key, (request, type_, digest, at, ending, ended_at, known_at) = Key(*row[:3]), row[3:]
    sent = (key, request, type_, digest, read_time(at), ending)
    return Booked(*sent, _time(ended_at), _time(known_at))


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
        plain = write_time(value) if isinstance(value, datetime) else value
        found.extend(value if isinstance(value, Key) else [plain])
    return found
