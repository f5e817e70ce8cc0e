"""``lupu parked``: messages that failed by themselves and wait for a person."""

import click

from hub.parking import Place
from lupu.kept import add_commands
from lupu.kept_audit import audit
from lupu.kept_kind import Kind

KIND = Kind("parked", "ticketing-1", "agent:1001/PlaceBooking/A-17", "REQUEST", (Place.PARKED,))


@click.group()
def parked() -> None:
    """Work on messages that failed by themselves.

    Look, correct, replay, discard.

    \b
    Examples:
      lupu parked list --config /etc/lupu/inside.toml
      lupu parked preview agent:1001/PlaceBooking/A-17 --as wang --config inside.toml
      lupu parked replay --kind KeyError --why mended --as wang --config inside.toml
      lupu parked audit verify --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


add_commands(parked, KIND)
parked.add_command(audit)

GROUP = parked
