"""What the commands on kept messages share: whose they are, and the options of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from hub.parking import Place
from lupu import options

Command = TypeVar("Command", bound=Callable[..., Any])

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


def placed(kind: Kind) -> Callable[[Command], Command]:
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


def why_given(command: Command) -> Command:
    """Add the reason that somebody gives."""
    return click.option("--why", required=True, help="The reason; the audit trail keeps it.")(
        command
    )


def place_of(kind: Kind, given: dict[str, Any]) -> Place:
    """Return the place that was named, or the only one there is."""
    return Place(given["side"]) if "side" in given else kind.places[0]
