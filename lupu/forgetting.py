"""``lupu requests forget``: whom a booking was for, taken out of everything on request."""

from collections.abc import Mapping

import click

from adapters.clock import SystemClock
from adapters.database import Database, forget_stored, requests_about
from hub.errors import NeverWorks
from hub.ports import InboxState
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import What
from internal_apps.parking.store import Corrections
from internal_apps.ticketing.forgetting import forget
from internal_apps.ticketing.references import normal
from lupu import opened, options
from lupu.proving import Claim, acting, prove

NAME = "ticketing-1"
ACT = "kept.act"


class NotForgotten(NeverWorks):
    """There is no such booking, or something of it still waits."""


@click.command(
    "forget",
    epilog=options.example(
        "lupu requests forget K7M2-P4QX --why 'asked by letter' --as wang"
        " --config /etc/lupu/inside.toml"
    ),
)
@options.configured(NAME)
@acting
@click.option("--why", required=True, help="Why, for the audit trail; no personal data.")
@click.argument("booking")
def command(config: str | None, name: str, who: Claim, why: str, booking: str) -> None:
    """Forget whom BOOKING was for.

    Name, telephone and e-mail go out of the booking; the documents of its requests, their answers
    and signatures, and corrections of them go whole. The booking, digests, outcomes and the audit
    trail stay, so evidence does too. It cannot be undone.
    """
    with opened.database(config, name) as database:
        by = prove(who, ACT, database, options.configuration(config, name))
        reference = normal(booking) or booking
        facts = forgotten(database, Note(by, What.FORGOTTEN, name=reference, why=why))
    click.echo(f"{booking} is forgotten: {facts['requests']} requests")


def forgotten(database: Database, note: Note) -> Mapping[str, int]:
    """Forget whom the booking that the note names was for, and write the note, all at once."""
    with database.begin() as connection:
        if not forget(connection, note.name):
            raise NotForgotten(f"There is no booking {note.name}.")
        found = requests_about(connection, note.name)
        waiting = [key for key, state in found.items() if state is not InboxState.HANDLED]
        if waiting:
            raise NotForgotten(f"Nothing was done: replay or discard first {', '.join(waiting)}.")
        forget_stored(connection, list(found))
        corrected = Corrections(database).forget(connection, list(found))
        facts = {"requests": len(found), "corrections": corrected}
        AuditTrail(database, SystemClock()).append(
            Note(note.who, note.what, name=note.name, why=note.why, facts=facts), connection
        )
    return facts
