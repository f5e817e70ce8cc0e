"""How kept messages are shown on a terminal, and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.errors import InvalidBody
from hub.parking import Kept
from internal_apps.parking.document import Line, harmless, lines_of
from internal_apps.parking.domain import Correction, Entry, Found, Opened
from internal_apps.previewing import Foreseen, Preview

PIPE_CHARACTERS = 250
MINUTE, HOUR, DAY = 60, 3_600, 86_400

SEEN = {
    Foreseen.OUTCOME: "It would be done now; its outcome would be {code}.",
    Foreseen.BEHIND: "It would wait behind {before}, which is kept too.",
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


def age(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was, as one says it: ``3 h``."""
    if at is None:
        return "?"
    seconds = int((now - at).total_seconds())
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {word}"
    return f"{max(seconds, 0)} s"


def _console() -> Console:
    # Into a pipe or a file nothing is folded.
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_CHARACTERS)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, header_style="bold")


def listing(found: Found, now: datetime, *, as_json: bool) -> None:
    """Show what is kept: first how many of each reason, then each."""
    if as_json:
        click.echo(json.dumps([_facts(one) for one in found.kept], ensure_ascii=False))
        _rest(found, err=True)
        return
    if not found.held:
        click.echo("nothing is kept")
        return
    groups = _table("reason", "count", "oldest", "types")
    for group in found.groups:
        types = Text(", ".join(group.types))
        groups.add_row(Text(group.kind), str(group.count), age(group.oldest, now), types)
    console = _console()
    console.print(groups)
    console.print()
    table = _table("kept for", "type")
    table.add_column("message", no_wrap=True)
    table.add_column("reason")
    for one in found.kept:
        why = Text(f"{one.reason.kind}: {one.reason.sentence}"[:120])
        table.add_row(age(one.kept_at, now), Text(one.type), Text(one.id), why)
    console.print(table)
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
    kept, console = opened.shown.kept, _console()
    facts = _table("", "")
    for word, value in (
        ("message", kept.id),
        ("request", kept.request_id),
        ("type", kept.type),
        ("reason", f"{kept.reason.kind}: {kept.reason.sentence}"),
        ("kept since", kept.kept_at.isoformat(timespec="seconds") if kept.kept_at else "?"),
        ("sent by", f"{kept.account} {kept.transmission}".strip()),
        ("size", f"{kept.size_bytes} bytes"),
    ):
        facts.add_row(word, Text(value, overflow="fold"))
    facts.show_header = False
    console.print(facts)
    if opened.corrections:
        console.print()
        corrections(opened.corrections)
    console.print()
    story(opened.story)
    console.print()
    document, shown = opened.shown.document, opened.shown
    for line in lines_of(document) if document is not None else [shown.unreadable or shown.closed]:
        click.echo(harmless(line))


def corrections(found: Sequence[Correction]) -> None:
    """Show corrections."""
    if not found:
        click.echo("no correction waits")
        return
    table = _table("correction", "state", "proposed by", "decided by", "why", "message")
    for each in found:
        said = (each.state.value, each.proposed_by, each.decided_by, each.why)
        name = Text(each.name, overflow="fold")
        table.add_row(str(each.number), *(Text(value) for value in said), name)
    _console().print(table)


def compared(lines: Sequence[Line]) -> None:
    """Show what a correction changes: what was with ``-``, what comes with ``+``."""
    for line in lines:
        click.echo(f"{line.mark or ' '} {harmless(line.text)}")


def story(entries: Sequence[Entry], *, named: bool = False) -> None:
    """Show entries of the audit trail, the last first; ``named`` says of which message each is."""
    table = _table("entry", "at", "who", "what", "why", "facts", *(["message"] if named else []))
    for entry in entries:
        at = entry.at.isoformat(timespec="seconds")
        facts = ", ".join(
            f"{key} {_short(value)}" for key, value in json.loads(entry.facts).items()
        )
        said = [entry.who, entry.what, entry.why, facts, *([entry.name] if named else [])]
        table.add_row(str(entry.number), at, *(Text(value, overflow="fold") for value in said))
    _console().print(table)


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
        raise InvalidBody(f"The document has {len(found)} mistakes; nothing was proposed.")


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text  # noqa: PLR2004


def _facts(kept: Kept) -> dict[str, Any]:
    at = kept.kept_at.isoformat(timespec="microseconds") if kept.kept_at else None
    reason = {"kind": kept.reason.kind, "sentence": kept.reason.sentence}
    return {**asdict(kept), "place": kept.place.value, "reason": reason, "kept_at": at}
