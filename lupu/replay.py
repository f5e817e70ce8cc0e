"""``lupu replay``: bring a restored database level by what its workers wrote down."""

import json
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Journals
from adapters.metrics import PrometheusMetrics
from adapters.xml import Schemas
from hub.errors import LupuError
from hub.messages import applications
from hub.settings import Configuration
from internal_apps.replaying import Earlier, Levelled, Replay, Result
from internal_apps.serving import Surroundings, inbox_of
from internal_apps.settings import Worker
from lupu import opened, options, processes, tables
from lupu.evidence import When

NAME = "evidence-1"
EXAMPLE = "lupu replay /var/lib/lupu-ticketing/journal --config /etc/lupu/inside.toml"


class NotLevel(LupuError):
    """Something could not be brought level; it is named."""


@click.command(epilog=options.example(EXAMPLE))
@options.configured(NAME)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--since", type=When(), help="Nothing of before: so long ago (2h), or a time.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def replay(
    config: str | None, name: str, folder: Path, *, since: datetime | None, as_json: bool
) -> None:
    """Handle what a restored database lacks.

    By what the journals below FOLDER have: once, in the order of before, with the booking
    references of before, and without an answer to anybody. What the database knows is left as it
    is, so this may be typed again. Named is what was decided otherwise than before, or is not
    decided. Exit status 0 only if all is level.
    """
    journals = Journals.below(folder, since)
    with opened.database(config, name) as database:
        result = _replay(database, options.configuration(config, name)).run(journals)
    if as_json:
        click.echo(json.dumps(_facts(result, journals), indent=2))
    else:
        _show(result, journals, tables.console())
    if not result.fine:
        raise NotLevel(f"{len(result.named)} requests are not level; see above.")


def _replay(database: Database, configuration: Configuration) -> Replay:
    clock, schemas, earlier = SystemClock(), Schemas(), Earlier()
    store = InboxStore(database, clock, configuration.name)
    metrics = PrometheusMetrics()
    around = Surroundings(store, schemas, clock, metrics, configuration.name, earlier=earlier)
    limits = configuration.read(Worker).limits()
    built = {
        application: processes.module(f"internal_apps.{application}.__main__").build
        for application in applications()
    }
    inboxes = {
        application: inbox_of(build(around, configuration), around, limits)
        for application, build in built.items()
    }
    return Replay(store, schemas, inboxes, earlier)


def _facts(result: Result, journals: Journals) -> dict[str, object]:
    return {
        "fine": result.fine,
        "counts": {became.value: count for became, count in result.counts.items()},
        "transmissions": result.transmissions,
        "named": [one._asdict() for one in result.named],
        "begins": {name: at.isoformat() for name, at in journals.begins().items()},
        "unreadable": journals.unreadable,
    }


def _show(result: Result, journals: Journals, console: Console) -> None:
    for worker, at in sorted(journals.begins().items()):
        console.print(f"{worker}: its journal begins at {at.isoformat(timespec='seconds')}")
    if journals.unreadable:
        console.print(f"{journals.unreadable} lines cannot be read", style="bold red")
    if result.named:
        rows = [
            (one.request, one.became.value, one.before or "not known", one.now)
            for one in result.named
        ]
        columns = ("request", "what", "decided before", "now")
        tables.show(console, columns, rows, title="Not level")
    counts = [f"{result.counts[became]:,} {became.value}" for became in Levelled]
    said = f"{', '.join(counts)}; {result.transmissions:,} repeats in the inside book again"
    console.print(Text(said, style="bold green" if result.fine else "bold red"))


GROUP = replay
