"""Acting on many kept messages with one command: those that are named, or all of one reason."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from hub.errors import LupuError
from hub.parking import End, Ended, Place
from internal_apps.parking.domain import Wanted
from internal_apps.parking.interventions import LISTED_MAX, Interventions
from lupu.options import Command

ROUND_MAX = 500

Act = Callable[[Sequence[str]], Sequence[Ended]]


class Undone(LupuError):
    """Not all that was asked for was done; each is named with its reason."""


def bulk(command: Command) -> Command:
    """Take names, or all of one kind of reason."""
    command = click.option(
        "--type", "type_", default="", metavar="TYPE", help="With --kind: of this type only."
    )(command)
    command = click.option(
        "--kind", "reason", default="", metavar="KIND", help="All that are kept for this reason."
    )(command)
    return click.argument("messages", nargs=-1)(command)


def each(work: Interventions, place: Place, given: dict[str, Any], act: Act, word: str) -> None:
    """Act on the names, or on all of a kind in rounds; say how each ended that was not done.

    Which they are is settled before the first round: what is refused again is kept under another
    name, and is not acted on a second time.
    """
    names, wanted = list(given["messages"]), Wanted(str(given["reason"]), str(given["type_"]))
    if bool(names) == bool(wanted.kind):
        raise click.UsageError("Name messages, or give --kind; not both.")
    if wanted.kind:
        names = [one.id for one in work.find(place, wanted, LISTED_MAX).kept]
    ended: list[Ended] = []
    for start in range(0, len(names), ROUND_MAX):
        ended += act(names[start : start + ROUND_MAX])
    undone = [one for one in ended if one.end is not End.DONE]
    for one in undone:
        click.echo(f"{one.id}: {one.end.value}. {one.why}")
    click.echo(f"{len(ended) - len(undone)} {word}")
    if wanted.kind:
        _left(work, place, wanted, {one.id for one in undone})
    if undone:
        raise Undone(f"{len(undone)} could not be {word}.")


def _left(work: Interventions, place: Place, wanted: Wanted, undone: set[str]) -> None:
    """Say how many there are now besides those that could not be acted on."""
    found = work.find(place, wanted, LISTED_MAX)
    count = sum(one.id not in undone for one in found.kept)
    if count:
        more = " or more" if found.more else ""
        click.echo(
            f"{count}{more} are kept for {wanted.kind} now: they came back or came meanwhile, "
            f"or were too many for one command; see why before the next"
        )
