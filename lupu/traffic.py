"""``lupu traffic``: pause, drain and resume a route, an agency or a gateway."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from adapters.clock import SystemClock
from adapters.database import Database
from hub.traffic import Kind, Mode, Target, routes
from internal_apps.parking.traffic import Traffic
from lupu import opened, options, tables
from lupu.kept_kind import ACT, why_given
from lupu.kept_shown import age
from lupu.proving import Claim, acting, prove

NAME = "ticketing-1"
COLUMNS = ("what", "name", "state", "for", "requests kept", "by", "why")
STATES = {Mode.PAUSE: "paused", Mode.DRAIN: "drained"}

Command = TypeVar("Command", bound=Callable[..., Any])


def _example(rest: str) -> str:
    return options.example(f"lupu traffic {rest} --config /etc/lupu/inside.toml")


@click.group()
def traffic() -> None:
    """Stop a route, an agency or a gateway, and let it go on.

    \b
    pause   what is accepted is kept inside, and done once it is resumed
    drain   gateways accept nothing new; what was accepted is done

    \b
    Examples:
      lupu traffic list --config /etc/lupu/inside.toml
      lupu traffic pause route PlaceBooking --why 'prices are wrong' --as wang
      lupu traffic drain gateway gateway-2 --why 'new disk' --as wang
      lupu traffic resume gateway gateway-2 --why 'disk is in' --as wang
    """  # noqa: D301  click's \b keeps the lines as they are


def _act(rest: str) -> Callable[[Command], click.Command]:
    """Add a command by which somebody acts on a target, for a reason; ``rest`` is its example."""

    def add(command: Command) -> click.Command:
        known = f"A route is one of {', '.join(routes())}; an agency is named by its number."
        command.__doc__ = f"{command.__doc__}\n\n    {known}"
        command = click.argument("target", metavar="NAME")(command)
        kinds = click.Choice([kind.value for kind in Kind])
        command = click.argument("kind", type=kinds, metavar="route|agency|gateway")(command)
        command = options.configured(NAME)(acting(why_given(command)))
        return traffic.command(epilog=_example(rest))(command)

    return add


@traffic.command("list", epilog=_example("list"))
@options.configured(NAME)
def list_command(config: str | None, name: str) -> None:
    """List what is paused or drained, the oldest first."""
    with opened.database(config, name) as database:
        halted = Traffic(database, SystemClock()).halted()
    if not halted:
        click.echo("everything flows: nothing is paused or drained")
        return
    now = datetime.now(UTC)
    rows = [
        (
            *(one.target.kind.value, one.target.name, STATES[one.mode], age(one.since, now)),
            *(str(one.kept) if one.mode is Mode.PAUSE else "-", one.who, one.why),
        )
        for one in halted
    ]
    tables.show(tables.console(), COLUMNS, rows)


@_act("pause agency 1001 --why 'asked for' --as wang")
def pause(config: str | None, name: str, who: Claim, **given: str) -> None:
    """Accept what comes, and do it once it is resumed."""
    _halt(config, name, who, Mode.PAUSE, given)


@_act("drain gateway gateway-2 --why 'new disk' --as wang")
def drain(config: str | None, name: str, who: Claim, **given: str) -> None:
    """Accept nothing new; what was accepted is done."""
    _halt(config, name, who, Mode.DRAIN, given)


@_act("resume agency 1001 --why settled --as wang")
def resume(config: str | None, name: str, who: Claim, **given: str) -> None:
    """Let it go on, whether it was paused or drained."""
    target = Target(Kind(given["kind"]), given["target"])
    with opened.database(config, name) as database:
        work, by = Traffic(database, SystemClock()), _proved(who, database, config, name)
        modes = [one.mode for one in work.halted() if one.target == target]
        for mode in modes or [Mode.PAUSE]:
            work.resume(mode, target, why=given["why"], who=by)
            click.echo(f"{target} is {STATES[mode]} no more")


def _halt(config: str | None, name: str, who: Claim, mode: Mode, given: dict[str, str]) -> None:
    target = Target(Kind(given["kind"]), given["target"])
    with opened.database(config, name) as database:
        by = _proved(who, database, config, name)
        Traffic(database, SystemClock()).halt(mode, target, why=given["why"], who=by)
    click.echo(f"{target} is {STATES[mode]}")


def _proved(who: Claim, database: Database, config: str | None, name: str) -> str:
    return prove(who, ACT, database, options.configuration(config, name))


GROUP = traffic
