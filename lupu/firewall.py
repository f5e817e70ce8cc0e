"""``lupu firewall``: the rules that let only the inside dial, as nftables loads them."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from deploy.firewall.configuration import DmzSides, InsideSides, dmz_rules, inside_rules
from hub.errors import SettingsError
from hub.settings import OutsideBroker
from lupu import options

Command = TypeVar("Command", bound=Callable[..., Any])

# Nothing that could end the quotes in a file of rules; no longer than the kernel takes.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_PORT = click.IntRange(1, 65_535)


@click.group()
def firewall() -> None:
    """Make the firewall rules of a machine.

    \b
    Examples:
      lupu firewall dmz --internet eth0 --inside eth1 -c outside.toml > /etc/nftables.conf
      lupu firewall inside --dmz eth1 --open eth0 -c hub.toml > /etc/nftables.conf
    """  # noqa: D301  click's \b keeps the lines as they are


def _interfaces(name: str, into: str, sentence: str) -> Callable[[Command], Command]:
    return click.option(
        name, into, multiple=True, metavar="INTERFACE", callback=_checked, help=sentence
    )


def _checked(_context: object, option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _INTERFACE.fullmatch(name):
            raise SettingsError(
                f"{option.opts[0]}: '{name}' is no interface; `ip link` shows what there is."
            )
    return tuple(f'"{name}"' for name in names)


@firewall.command(
    epilog=options.example(
        "lupu firewall dmz --internet eth0 --inside eth1 -c outside.toml > /etc/nftables.conf"
    )
)
@options.configured("gateway-1")
@_interfaces("--internet", "internet", "Behind it are the agents; may be given again.")
@_interfaces("--inside", "inside", "Behind it is the inside; may be given again.")
@_interfaces("--open", "left_alone", "Left alone: the DMZ's own network; may be given again.")
@click.option(
    "--agents-port", type=_PORT, default=8443, show_default=True, help="HAProxy's, for agents."
)
def dmz(config: str | None, name: str, agents_port: int, **sides: tuple[str, ...]) -> None:
    """Print the rules of a machine in the DMZ.

    From the internet comes HTTPS alone, from the inside only what dials the broker; this machine
    dials nobody. The broker's port is that of [outside_broker].
    """
    if not (sides["internet"] or sides["inside"]):
        raise SettingsError("Say behind which interface the internet is, or the inside, or both.")
    _apart(sides)
    broker = options.configuration(config, name).read(OutsideBroker)
    click.echo(dmz_rules(DmzSides(**sides), agents_port, broker.port), nl=False)


@firewall.command(
    epilog=options.example(
        "lupu firewall inside --dmz eth1 --open eth0 -c hub.toml > /etc/nftables.conf"
    )
)
@options.configured("hub-1")
@_interfaces("--dmz", "dmz", "Behind it is the DMZ; may be given again.")
@_interfaces("--open", "left_alone", "Left alone: the inside's own network; may be given again.")
def inside(config: str | None, name: str, **sides: tuple[str, ...]) -> None:
    """Print the rules of a machine inside, or of the router before it.

    Towards the DMZ goes only what dials the broker that [outside_broker] names; from there come
    its answers and nothing else.
    """
    if not sides["dmz"]:
        raise SettingsError("Say behind which interface the DMZ is: --dmz INTERFACE.")
    _apart(sides)
    broker = options.configuration(config, name).read(OutsideBroker)
    click.echo(inside_rules(InsideSides(**sides), broker.hosts, broker.port), nl=False)


def _apart(sides: dict[str, tuple[str, ...]]) -> None:
    names = [name for members in sides.values() for name in dict.fromkeys(members)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"{twice} is named on two sides; what is behind it?")


GROUP = firewall
