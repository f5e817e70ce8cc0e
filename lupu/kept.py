"""The commands on kept messages, the same for what is parked and for the quarantines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from hub.parking import Ended
from internal_apps.parking.domain import Wanted, check_why
from internal_apps.parking.saving import saved
from lupu import kept_shown
from lupu.files import write_new
from lupu.kept_bulk import bulk, each
from lupu.kept_corrections import add_corrections
from lupu.kept_kind import ACT, SEE, Kind, place_of, placed, why_given
from lupu.kept_open import work
from lupu.proving import Claim, acting


def add_commands(group: click.Group, kind: Kind) -> None:
    """Add the commands to a group."""
    for add in (_list, _show, _save, _preview, _edit, add_corrections, _replay, _discard):
        add(group, kind)


def _list(group: click.Group, kind: Kind) -> None:
    @group.command("list", epilog=kind.example("list --kind InvalidBody --older-than 24"))
    @placed(kind)
    @click.option("--kind", "reason", default="", metavar="KIND", help="Of this reason only.")
    @click.option("--type", "type_", default="", metavar="TYPE", help="Of this type only.")
    @click.option(
        "--older-than",
        type=click.FloatRange(0),
        metavar="HOURS",
        help="Kept for longer than that.",
    )
    @click.option(
        "--count", type=click.IntRange(1), default=100, show_default=True, help="Lines at most."
    )
    @click.option("--json", "as_json", is_flag=True, help="For programs.")
    def list_command(config: str | None, name: str, **given: Any) -> None:
        """List what is kept, the oldest first, by reason. No personal data."""
        with work(config, name) as opened:
            found = opened.interventions.find(
                place_of(kind, given), _wanted(given), int(given["count"])
            )
            kept_shown.listing(found, datetime.now(UTC), as_json=bool(given["as_json"]))

    del list_command


def _wanted(given: dict[str, Any]) -> Wanted:
    hours = given["older_than"]
    try:
        before = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
    except (OverflowError, ValueError) as error:
        raise click.BadParameter(
            f"{hours} hours ago there was no calendar.", param_hint="--older-than"
        ) from error
    return Wanted(str(given["reason"]), str(given["type_"]), before)


def _show(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"show {kind.sample} --as wang"))
    @placed(kind)
    @acting
    @click.option("--raw", is_flag=True, help="The original document alone, to be corrected.")
    @click.argument("message", metavar=kind.noun)
    def show(config: str | None, name: str, who: Claim, *, raw: bool, **given: Any) -> None:
        """Show one with its story and its original.

        It may hold personal data: that it was looked at is written into the audit trail.
        """
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            found = opened.interventions.open(place_of(kind, given), str(given["message"]), by)
            if raw:
                kept_shown.raw(found)
            else:
                kept_shown.one(found)

    del show


def _save(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"save {kind.sample} --as wang"))
    @placed(kind)
    @acting
    @click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The new file; else lupu-SHA256.bin.",
    )
    @click.argument("message", metavar=kind.noun)
    def save(config: str | None, name: str, who: Claim, out: Path | None, **given: Any) -> None:
        """Save the bytes of one as they lie, readable or not.

        As evidence, before it is discarded: into a new file that only its owner may read. The
        audit trail keeps who did it, and the SHA-256.
        """
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            found = saved(opened.interventions, place_of(kind, given), str(given["message"]), by)
        file = out or Path(found.file)
        write_new(file, found.body)
        click.echo(f"{file}: {len(found.body)} bytes, SHA-256 {found.digest}")

    del save


def _preview(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"preview {kind.sample} --as wang"))
    @placed(kind)
    @acting
    @click.argument("message", metavar=kind.noun)
    def preview(config: str | None, name: str, who: Claim, **given: Any) -> None:
        """Say what a replay would do now; nothing of it is done."""
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            seen = opened.interventions.preview(place_of(kind, given), str(given["message"]), by)
            kept_shown.preview(seen)

    del preview


def _edit(group: click.Group, kind: Kind) -> None:
    @group.command(
        epilog=kind.example(f"edit {kind.sample} corrected.xml --why 'name was cut' --as wang")
    )
    @placed(kind)
    @acting
    @why_given
    @click.argument("message", metavar=kind.noun)
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    def edit(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Propose the document in FILE instead.

        Somebody else approves it. 'show --raw' prints what to start from. Every mistake is named
        with its line.
        """
        place, message = place_of(kind, given), str(given["message"])
        body = Path(given["file"]).read_bytes()
        with work(config, name) as opened:
            by, check = opened.proved(who, ACT), check_why(why)
            shown = opened.interventions.open(place, message, by).shown
            kept_shown.faults(opened.interventions.faults(shown, body))
            number = opened.interventions.propose(place, message, body, why=check, who=by)
        click.echo(f"correction {number} waits for somebody else's approval")

    del edit


def _replay(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"replay {kind.sample} --why mended --as wang"))
    @placed(kind)
    @acting
    @why_given
    @bulk
    def replay(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Have MESSAGES handled again, at most once.

        Each with its correction if one is approved. No more than [parking] replays_per_second of
        them a second.
        """
        with work(config, name) as opened:
            by, place = opened.proved(who, ACT), place_of(kind, given)

            def act(names: Sequence[str]) -> Sequence[Ended]:
                return opened.interventions.replay(place, names, why=why, who=by)

            each(opened.interventions, place, given, act, "replayed")

    del replay


def _discard(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"discard {kind.sample} --why forged --as wang"))
    @placed(kind)
    @acting
    @why_given
    @bulk
    def discard(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Keep MESSAGES no more. A parked one ends in a refusal, which its sender gets."""
        with work(config, name) as opened:
            by, place = opened.proved(who, ACT), place_of(kind, given)

            def act(names: Sequence[str]) -> Sequence[Ended]:
                return opened.interventions.discard(place, names, why=why, who=by)

            each(opened.interventions, place, given, act, "discarded")

    del discard
