"""``lupu requests``: what the inbox knows of requests, for ever."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from adapters.database import Reused, reused_references
from lupu import opened, options

NAME = "ticketing-1"
COUNT_MAX = 1_000


@click.group()
def requests() -> None:
    """Look at what the database keeps of requests for ever.

    \b
    Example:
      lupu requests reused --since 2026-11-01 --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@requests.command(
    epilog=options.example(
        "lupu requests reused --since 2026-11-01 --json --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="From this time, UTC."
)
@click.option("--json", "as_json", is_flag=True, help="For programs, with both digests.")
def reused(config: str | None, name: str, since: datetime | None, as_json: bool) -> None:  # noqa: FBT001
    """List references that were used again with other values, the latest first; all were refused.

    At most 1,000 lines; the last line says how many there are.
    """
    start = None if since is None else since.replace(tzinfo=UTC)
    with opened.database(config, name) as database:
        found = reused_references(database, since=start, count_max=COUNT_MAX)
    if as_json:
        click.echo(json.dumps([_facts(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        at = one.refused_at.isoformat(timespec="seconds")
        click.echo(f"{at}  {one.request_id}  {one.transmission}  {one.subject}".rstrip())
    click.echo(f"{len(found)} refused" + (" or more" if len(found) == COUNT_MAX else ""))


def _facts(one: Reused) -> dict[str, Any]:
    times = ("accepted_at", "refused_at")
    return {
        name: value.isoformat(timespec="microseconds") if name in times else value
        for name, value in asdict(one).items()
    }


GROUP = requests
