"""``lupu quarantine``: what the guards refused, on the broker where it lies."""

import click

from hub.parking import Place
from lupu.kept import add_commands
from lupu.kept_kind import Kind

_SAMPLE = "5f2c9d41a7b3e806"
KIND = Kind("quarantine", "operator-1", _SAMPLE, "MESSAGE", (Place.OUTSIDE, Place.INSIDE))


@click.group()
def quarantine() -> None:
    """Work on messages that a guard refused.

    Look, correct, replay, discard.

    A replay passes the guard again. The component is an operator: its account alone reads a
    quarantine.

    \b
    Examples:
      lupu quarantine list --side outside --config /etc/lupu/inside.toml
      lupu quarantine discard --kind NotAllowed --why forged --as wang --config inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


add_commands(quarantine, KIND)

GROUP = quarantine
