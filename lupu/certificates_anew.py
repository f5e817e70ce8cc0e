"""Certificates anew: renewed, of another authority, revoked. Each says what to do next."""

from pathlib import Path

import click

from certs.authority import RENEW_DAYS, Authority, sides
from certs.revocation import REASONS
from certs.rotation import Rotation
from lupu import certificates_told as told
from lupu import options

TRUST, REISSUE, RETIRE = "trust", "reissue", "retire"


@click.command(epilog=options.example("lupu certificates renew outside"))
@click.argument("side")
@click.argument("name", nargs=-1)
@click.option(
    "--days-left",
    default=RENEW_DAYS,
    show_default=True,
    help="Without a NAME: whatever of SIDE has no more days than these.",
)
def renew(folder: Path, side: str, name: tuple[str, ...], days_left: int) -> None:
    """Issue each NAME of SIDE anew, or whatever ends soon.

    The key is new too; name, purpose, kind of key and addresses stay. The certificate of before
    goes on being good until it ends.
    """
    authority = Authority(folder, side)
    every = (authority.issued(one) for one in authority.names())
    names = name or [one.name for one in every if one.days_left <= days_left]
    if not names:
        click.echo(f"Nothing of {side} ends within {days_left} days.")
        return
    renewed = [authority.renew(one) for one in names]
    first = f"{side}: {len(renewed)} renewed. Now:"
    click.echo(told.lines(first, [told.bring(side, one) for one in renewed]))


@click.command(epilog=options.example("lupu certificates rotate outside --step reissue"))
@click.argument("side")
@click.option(
    "--step",
    type=click.Choice([TRUST, REISSUE, RETIRE]),
    default=TRUST,
    show_default=True,
    help="Each may be repeated; the next one says so if it is too early.",
)
def rotate(folder: Path, side: str, step: str) -> None:
    """Replace SIDE's authority by another, in three steps.

    \b
    trust    a new one stands beside the old, and everybody is to trust both
    reissue  the new one signs; everything in force is issued anew
    retire   nobody trusts the old one any more, and its key is gone
    """  # noqa: D301  click's \b keeps the lines as they are
    authority = Authority(folder, side)
    rotation = Rotation(authority)
    command = f"When all of this is done: lupu certificates rotate {side} --step"
    if step == TRUST:
        rotation.trust()
        first = f"{side}: a new authority is there, the old one still signs. Now:"
        click.echo(told.lines(first, told.bring_trust(authority), f"{command} {REISSUE}"))
    elif step == REISSUE:
        done = rotation.reissue()
        first = f"{side}: the new authority signs, and vouches for {len(done)}. Now:"
        steps = [told.bring(side, one) for one in done]
        click.echo(
            told.lines(first, [*steps, *told.bring_trust(authority)], f"{command} {RETIRE}")
        )
    else:
        rotation.retire()
        first = f"{side}: the old authority is gone. Now:"
        last = "Then nothing is left to do; lupu certificates list shows it."
        click.echo(told.lines(first, told.bring_trust(authority), last))


@click.command(
    epilog=options.example("lupu certificates revoke outside gateway-2 --reason key-compromise")
)
@click.argument("side")
@click.argument("name")
@click.option(
    "--serial", default="", help="Only this one, its first characters do; else all NAME ever had."
)
@click.option(
    "--reason",
    type=click.Choice(list(REASONS)),
    default="unspecified",
    show_default=True,
    help="Why; it stands in the list for all to read.",
)
def revoke(folder: Path, side: str, name: str, serial: str, reason: str) -> None:
    """Let nobody in with what NAME had of SIDE until now.

    What is issued to NAME from now on is good again.
    """
    authority = Authority(folder, side)
    for entry in authority.revoke(name, reason, serial.lower()):
        click.echo(f"revoked {side} {entry.name} {entry.shown}")
    steps = [*told.bring_crl(authority), *told.cut_off(side, name)]
    last = f"If {name} is to go on: lupu certificates issue {side} {name}"
    click.echo(told.lines("Now, in this order:", steps, last))


@click.command(epilog=options.example("lupu certificates crl outside"))
@click.argument("side", nargs=-1)
def crl(folder: Path, side: tuple[str, ...]) -> None:
    """Write SIDE's list of who is revoked anew, or every side's.

    It is good for as long again. By a list that has ended nobody is let in.
    """
    found = [Authority(folder, name) for name in side] if side else sides(folder)
    for authority in found:
        authority.renew_crl()
        click.echo(told.lines(f"{authority.side}: Now:", told.bring_crl(authority)))
