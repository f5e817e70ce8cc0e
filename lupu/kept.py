"""The commands on kept messages, the same for what is parked and for the quarantines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.headers import NUMBER_DIGITS_MAX
from hub.parking import Ended, Place
from internal_apps.parking.domain import Wanted, check_why
from internal_apps.parking.store import WAITING_MAX
from lupu import kept_shown, options
from lupu.kept_bulk import bulk, each
from lupu.kept_open import work
from lupu.proving import Claim, acting

Command = TypeVar("Command", bound=Callable[..., Any])

NUMBER = click.IntRange(1, 10**NUMBER_DIGITS_MAX - 1)
SEE = "kept.see"
ACT = "kept.act"


@dataclass(frozen=True, slots=True)
class Kind:
    """One group of commands: its word, the component it runs as, what an example names."""

    word: str
    component: str
    sample: str
    noun: str
    places: tuple[Place, ...]

    def example(self, rest: str) -> str:
        """Return an example of one of its commands."""
        return options.example(f"lupu {self.word} {rest} --config /etc/lupu/inside.toml")


def add_commands(group: click.Group, kind: Kind) -> None:
    """Add the commands to a group."""
    for add in (_list, _show, _preview, _edit, _compare, _decide, _replay, _discard, _waiting):
        add(group, kind)


def _opened(kind: Kind) -> Callable[[Command], Command]:
    """Add the configuration and, where there are several, the place."""

    def add(command: Command) -> Command:
        if len(kind.places) > 1:
            values = [place.value for place in kind.places]
            command = click.option(
                "--side",
                type=click.Choice(values),
                default=values[0],
                show_default=True,
                help="On which side's broker.",
            )(command)
        return options.configured(kind.component)(command)

    return add


def _why(command: Command) -> Command:
    return click.option("--why", required=True, help="The reason; the audit trail keeps it.")(
        command
    )


def _place(kind: Kind, given: dict[str, Any]) -> Place:
    return Place(given["side"]) if "side" in given else kind.places[0]


def _list(group: click.Group, kind: Kind) -> None:
    @group.command("list", epilog=kind.example("list --kind InvalidBody --older-than 24"))
    @_opened(kind)
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
        """List what is kept, the oldest first, by reason; no personal data."""
        with work(config, name) as opened:
            found = opened.interventions.find(
                _place(kind, given), _wanted(given), int(given["count"])
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
    @_opened(kind)
    @acting
    @click.option("--raw", is_flag=True, help="The original document alone, to be corrected.")
    @click.argument("message", metavar=kind.noun)
    def show(config: str | None, name: str, who: Claim, *, raw: bool, **given: Any) -> None:
        """Show one with its story and its original; it may hold personal data.

        That it was looked at is written into the audit trail.
        """
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            found = opened.interventions.open(_place(kind, given), str(given["message"]), by)
            if raw:
                click.echo(found.shown.document or b"", nl=False)
            else:
                kept_shown.one(found)

    del show


def _preview(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"preview {kind.sample} --as wang"))
    @_opened(kind)
    @acting
    @click.argument("message", metavar=kind.noun)
    def preview(config: str | None, name: str, who: Claim, **given: Any) -> None:
        """Say what a replay would do now; nothing of it is done."""
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            seen = opened.interventions.preview(_place(kind, given), str(given["message"]), by)
            kept_shown.preview(seen)

    del preview


def _edit(group: click.Group, kind: Kind) -> None:
    @group.command(
        epilog=kind.example(f"edit {kind.sample} corrected.xml --why 'name was cut' --as wang")
    )
    @_opened(kind)
    @acting
    @_why
    @click.argument("message", metavar=kind.noun)
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    def edit(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Propose the document in FILE instead; somebody else approves it.

        'show --raw' prints what to start from. Every mistake is named with its line.
        """
        place, message = _place(kind, given), str(given["message"])
        body = Path(given["file"]).read_bytes()
        with work(config, name) as opened:
            by, check = opened.proved(who, ACT), check_why(why)
            shown = opened.interventions.open(place, message, by).shown
            kept_shown.faults(opened.interventions.faults(shown, body))
            number = opened.interventions.propose(place, message, body, why=check, who=by)
        click.echo(f"correction {number} waits for somebody else's approval")

    del edit


def _compare(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example("compare 7 --as li"))
    @options.configured(kind.component)
    @acting
    @click.argument("correction", type=NUMBER)
    def compare(config: str | None, name: str, who: Claim, correction: int) -> None:
        """Show what CORRECTION changes, line by line; look before you approve it.

        That it was looked at is written into the audit trail.
        """
        with work(config, name) as opened:
            by = opened.proved(who, SEE)
            kept_shown.compared(opened.interventions.compared(correction, by))

    del compare


def _decide(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example("approve 7 --as li"))
    @options.configured(kind.component)
    @acting
    @click.argument("correction", type=NUMBER)
    def approve(config: str | None, name: str, who: Claim, correction: int) -> None:
        """Approve CORRECTION, which somebody else proposed; a replay then sends it."""
        with work(config, name) as opened:
            found = opened.interventions.approve(correction, opened.proved(who, ACT))
        click.echo(f"correction {correction} of {found.name} is approved; replay it now")

    @group.command(epilog=kind.example("reject 7 --why 'not what the agency meant' --as li"))
    @options.configured(kind.component)
    @acting
    @_why
    @click.argument("correction", type=NUMBER)
    def reject(config: str | None, name: str, who: Claim, why: str, correction: int) -> None:
        """Say no to CORRECTION; who proposed it may do so too."""
        with work(config, name) as opened:
            found = opened.interventions.reject(correction, why, opened.proved(who, ACT))
        click.echo(f"correction {correction} of {found.name} is rejected")

    del approve, reject


def _waiting(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example("corrections"))
    @options.configured(kind.component)
    def corrections(config: str | None, name: str) -> None:
        """List the corrections that wait for somebody else's approval."""
        with work(config, name) as opened:
            waiting = opened.interventions.corrections.waiting(places=kind.places)
            kept_shown.corrections(waiting)
            if len(waiting) == WAITING_MAX:
                click.echo(f"only the last {WAITING_MAX} are shown")

    del corrections


def _replay(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"replay {kind.sample} --why mended --as wang"))
    @_opened(kind)
    @acting
    @_why
    @bulk
    def replay(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Have MESSAGES handled again, at most once; with its correction if one is approved.

        No more than [parking] replays_per_second of them a second.
        """
        with work(config, name) as opened:
            by, place = opened.proved(who, ACT), _place(kind, given)

            def act(names: Sequence[str]) -> Sequence[Ended]:
                return opened.interventions.replay(place, names, why=why, who=by)

            each(opened.interventions, place, given, act, "replayed")

    del replay


def _discard(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example(f"discard {kind.sample} --why forged --as wang"))
    @_opened(kind)
    @acting
    @_why
    @bulk
    def discard(config: str | None, name: str, who: Claim, why: str, **given: Any) -> None:
        """Keep MESSAGES no more. A parked one ends in a refusal, which its sender gets."""
        with work(config, name) as opened:
            by, place = opened.proved(who, ACT), _place(kind, given)

            def act(names: Sequence[str]) -> Sequence[Ended]:
                return opened.interventions.discard(place, names, why=why, who=by)

            each(opened.interventions, place, given, act, "discarded")

    del discard
