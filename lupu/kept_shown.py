"""How kept messages are shown on a terminal, and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from hub.errors import InvalidBody, LupuError
from hub.parking import Kept
from internal_apps.parking.document import Line, harmless, lines_of
from internal_apps.parking.domain import Correction, Entry, Found, Opened, digest_of
from internal_apps.previewing import Foreseen, Preview
from lupu import tables

MINUTE, HOUR, DAY = 60, 3_600, 86_400

SEEN = {
    Foreseen.OUTCOME: "It would be done now; its outcome would be {code}.",
    Foreseen.BEHIND: "It would wait behind {before}, which is kept too.",
    Foreseen.PAUSED: "It would be kept until its pause is ended: lupu traffic list.",
    Foreseen.WAITING: "It would wait for what it names, which is not there.",
    Foreseen.FAILS: "It would fail again: {reason}",
    Foreseen.GONE: "It is kept no more.",
    Foreseen.REFUSED: "The guard would refuse it again: {reason}",
    Foreseen.FIRST: "It would pass the guard and be handled as a new request.",
    Foreseen.REPEAT: "It would pass the guard; its outcome is stored and would be told again.",
    Foreseen.OPEN: "It would pass the guard; the request waits inside already.",
    Foreseen.REUSED: "It would pass the guard and be refused: its reference was used before.",
    Foreseen.TOO_OLD: "It would pass the guard and be refused for its age.",
}


class Unreadable(LupuError):
    """There is no document to show."""


def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was, as one says it: ``3 h``."""
    if at is None:
        return "?"
    seconds = int((now - at).total_seconds())
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {word}"
    return f"{max(seconds, 0)} s"


def listing(found: Found, now: datetime, *, as_json: bool) -> None:
    """Show what is kept: first how many of each reason, then each."""
    if as_json:
        click.echo(json.dumps([_facts(one) for one in found.kept], ensure_ascii=False))
        _rest(found, err=True)
        return
    if not found.held:
        click.echo("nothing is kept")
        return
    console = tables.console()
    groups = [
        (group.kind, str(group.count), age(group.oldest, now), ", ".join(group.types))
        for group in found.groups
    ]
    tables.show(console, ("reason", "count", "oldest", "types"), groups)
    click.echo()
    # A parked message is named by its request.
    named = any(one.request_id != one.id for one in found.kept)
    columns = ("kept for", "type", "message", *(["request"] if named else []), "reason")
    rows = [
        (
            *(age(one.kept_at, now), one.type, one.id),
            *([one.request_id] if named else []),
            str(one.reason),
        )
        for one in found.kept
    ]
    tables.show(console, columns, rows)
    _rest(found)


def _rest(found: Found, *, err: bool = False) -> None:
    """Say what is not shown; a program reads that apart."""
    if found.more:
        said = "there are more: narrow it with --kind, --type, --older-than, or raise --count"
        click.echo(said, err=err)
    if not found.whole:
        click.echo("not all that lies there was looked at: empty some first", err=err)


def one(opened: Opened) -> None:
    """Show one message: facts, corrections, story, original."""
    kept = opened.shown.kept
    facts = (
        ("message", kept.id),
        ("request", kept.request_id),
        ("type", kept.type),
        ("reason", str(kept.reason)),
        ("kept since", kept.kept_at.isoformat(timespec="seconds") if kept.kept_at else "?"),
        ("sent by", f"{kept.account} {kept.transmission}".strip()),
        ("size", f"{kept.size_bytes} bytes"),
        ("SHA-256", digest_of(opened.shown.lying)),
    )
    tables.facts(tables.console(), facts)
    if opened.corrections:
        click.echo()
        corrections(opened.corrections)
    click.echo()
    story(opened.story)
    click.echo()
    document, shown = opened.shown.document, opened.shown
    if document is not None:
        for line in lines_of(document):
            click.echo(harmless(line))
        return
    click.echo(f"It cannot be read: {harmless(shown.unreadable or shown.closed)}")
    headers = {} if shown.wire is None else shown.wire.headers
    for header, value in sorted(headers.items()):
        click.echo(f"{harmless(header)}: {harmless(value)}")


def raw(opened: Opened) -> None:
    """Write the document alone as it is, to be corrected; Unreadable where there is none."""
    document = opened.shown.document
    if document is None:
        raise Unreadable("It cannot be read: 'save' keeps its bytes as they are.")
    click.echo(document, nl=False)


def corrections(found: Sequence[Correction]) -> None:
    """Show corrections."""
    if not found:
        click.echo("no correction waits")
        return
    columns = ("correction", "state", "proposed by", "decided by", "why", "message")
    rows = [
        (str(one.number), one.state.value, one.proposed_by, one.decided_by, one.why, one.name)
        for one in found
    ]
    tables.show(tables.console(), columns, rows)


def compared(lines: Sequence[Line]) -> None:
    """Show what a correction changes: what was with ``-``, what comes with ``+``."""
    for line in lines:
        click.echo(f"{line.mark or ' '} {harmless(line.text)}")


def story(entries: Sequence[Entry], *, named: bool = False) -> None:
    """Show entries of the audit trail, the last first; ``named`` says of which message each is."""
    columns = ("entry", "at", "who", "what", "why", "facts", *(["message"] if named else []))
    rows = []
    for entry in entries:
        at = entry.at.isoformat(timespec="seconds")
        facts = ", ".join(
            f"{key} {_short(value)}" for key, value in json.loads(entry.facts).items()
        )
        said = (entry.who, entry.what, entry.why, facts, *([entry.name] if named else []))
        rows.append((str(entry.number), at, *said))
    tables.show(tables.console(), columns, rows)


def preview(seen: Preview) -> None:
    """Say what a replay would do."""
    reason = f"{seen.reason.kind}: {seen.reason.sentence}" if seen.reason else ""
    click.echo(SEEN[seen.foreseen].format(code=seen.code, before=seen.before, reason=reason))
    if seen.answer is not None:
        click.echo()
        for line in lines_of(seen.answer.body):
            click.echo(harmless(line))


def faults(found: Sequence[tuple[int, str]]) -> None:
    """Name every fault with its line; InvalidBody where there are any."""
    for _, sentence in found:
        click.echo(sentence)
    if found:
        mistakes = f"{len(found)} mistake{'s' if len(found) > 1 else ''}"
        raise InvalidBody(f"The document has {mistakes}; nothing was proposed.")


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text  # noqa: PLR2004


def _facts(kept: Kept) -> dict[str, Any]:
    at = kept.kept_at.isoformat(timespec="microseconds") if kept.kept_at else None
    reason = {"kind": kept.reason.kind, "sentence": kept.reason.sentence}
    return {**asdict(kept), "place": kept.place.value, "reason": reason, "kept_at": at}
