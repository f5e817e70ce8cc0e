"""``lupu edge``: what HAProxy loads in front of the gateways, and of the staff web."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from certs.authority import Authority
from deploy.components import Components
from deploy.haproxy.configuration import (
    Entrance,
    User,
    agents_section,
    haproxy_cfg,
    staff_section,
)
from deploy.haproxy.health import healthy
from hub.errors import LupuError, SettingsError
from lupu import options

Command = TypeVar("Command", bound=Callable[..., Any])

_LOOK_SECONDS = 0.2
# HAProxy looks every half second.
_SEEN_SECONDS = 1.0


class NotServing(LupuError):
    """A process does not take requests."""


@click.group()
def edge() -> None:
    """Make HAProxy's configuration.

    \b
    Examples:
      lupu edge agents gateway-1 gateway-2 > /etc/haproxy/haproxy.cfg
      lupu edge staff staff-1 --address 10.0.0.7 --port 443 --certificate staff.example.org
    """  # noqa: D301  click's \b keeps the lines as they are


def _entrance(sockets: str) -> Callable[[Command], Command]:
    """Add what both entrances are told; ``sockets`` is the default of the sockets' folder."""
    added = (
        options.folder("run/certificates"),
        click.argument("component", nargs=-1, required=True),
        click.option("--address", default="0.0.0.0", show_default=True, help="Where it listens."),  # noqa: S104  the public's entrance
        click.option("--port", default=8443, show_default=True, help="On which port, HTTPS."),
        click.option(
            "--certificate",
            default="edge",
            show_default=True,
            help="Its own, by the name under which the authority 'edge' issued it.",
        ),
        click.option(
            "--sockets",
            type=click.Path(path_type=Path),
            default=Path("/run") / sockets,
            show_default=True,
            help="The folder of the components' sockets, COMPONENT.sock each.",
        ),
        click.option("--user", default="haproxy", show_default=True, help="Whom it becomes."),
        click.option(
            "--group",
            default=sockets,
            show_default=True,
            help="The group it is in; it must be let into the sockets.",
        ),
    )

    def add(command: Command) -> Command:
        for option in reversed(added):
            command = option(command)
        return command

    return add


@edge.command(
    epilog=options.example("lupu edge agents gateway-1 gateway-2 > /etc/haproxy/haproxy.cfg")
)
@_entrance("lupu-gateway")
def agents(folder: Path, component: tuple[str, ...], user: str, group: str, **given: Any) -> None:
    """Print haproxy.cfg for the entrance of agents.

    It stands before the gateways COMPONENT.
    """
    _only(component, Components.of(component).gateways)
    entrance = _made(folder, component, **given)
    section = agents_section(entrance, Authority(folder.resolve(), "agents").certificate)
    click.echo(haproxy_cfg([section], User(user, group)), nl=False)


@edge.command(
    epilog=options.example("lupu edge staff staff-1 --port 443 > /etc/haproxy/haproxy.cfg")
)
@_entrance("lupu-staff")
def staff(folder: Path, component: tuple[str, ...], user: str, group: str, **given: Any) -> None:
    """Print haproxy.cfg for the entrance of staff.

    It stands before the staff webs COMPONENT.
    """
    _only(component, Components.of(component).staff)
    section = staff_section(_made(folder, component, **given))
    click.echo(haproxy_cfg([section], User(user, group)), nl=False)


@edge.command(epilog=options.example("lupu edge wait /run/lupu-gateway/gateway-1.sock"))
@click.argument("socket", type=click.Path(path_type=Path))
@click.option("--seconds", default=60.0, show_default=True, help="How long at most.")
def wait(socket: Path, seconds: float) -> None:
    """Wait until HAProxy sends requests to the process behind SOCKET.

    So another one may be stopped then, and nobody is refused.
    """
    deadline = time.monotonic() + seconds
    while not healthy(socket):
        if time.monotonic() > deadline:
            raise NotServing(f"Nobody serves at {socket} after {seconds:g} s: see its log.")
        time.sleep(_LOOK_SECONDS)
    time.sleep(_SEEN_SECONDS)


def _only(component: tuple[str, ...], fitting: tuple[str, ...]) -> None:
    for name in component:
        if name not in fitting:
            raise SettingsError(
                f"'{name}' does not listen there; name those behind this entrance."
            )


def _made(
    folder: Path,
    component: tuple[str, ...],
    *,
    address: str,
    port: int,
    certificate: str,
    sockets: Path,
) -> Entrance:
    issued = Authority(folder.resolve(), "edge").issued(certificate)
    return Entrance(address, port, issued, {name: sockets / f"{name}.sock" for name in component})


GROUP = edge
