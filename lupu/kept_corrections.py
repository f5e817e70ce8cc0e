"""The commands on corrections: compare, approve, reject, and which wait."""

import click

from hub.headers import NUMBER_DIGITS_MAX
from internal_apps.parking.store import WAITING_MAX
from lupu import kept_shown, options
from lupu.kept_kind import ACT, SEE, Kind, why_given
from lupu.kept_open import work
from lupu.proving import Claim, acting

NUMBER = click.IntRange(1, 10**NUMBER_DIGITS_MAX - 1)


def add_corrections(group: click.Group, kind: Kind) -> None:
    """Add the commands to a group."""
    for add in (_compare, _decide, _waiting):
        add(group, kind)


def _compare(group: click.Group, kind: Kind) -> None:
    @group.command(epilog=kind.example("compare 7 --as li"))
    @options.configured(kind.component)
    @acting
    @click.argument("correction", type=NUMBER)
    def compare(config: str | None, name: str, who: Claim, correction: int) -> None:
        """Show what CORRECTION changes, line by line.

        Look before you approve it. That it was looked at is written into the audit trail.
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
        """Approve CORRECTION, which somebody else proposed.

        A replay then sends it.
        """
        with work(config, name) as opened:
            found = opened.interventions.approve(correction, opened.proved(who, ACT))
        click.echo(f"correction {correction} of {found.name} is approved; replay it now")

    @group.command(epilog=kind.example("reject 7 --why 'not what the agency meant' --as li"))
    @options.configured(kind.component)
    @acting
    @why_given
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
