"""``lupu requests``: what the inbox knows of requests, for ever."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from adapters.clock import SystemClock
from adapters.database import Reused, kept_proofs, reused_references
from adapters.soap.proof import read_proof
from adapters.xml import Schemas
from hub.envelope import RequestId
from hub.errors import NeverWorks, ProofWrong
from hub.messages import message_type
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.domain import What, digest_of
from internal_apps.ticketing.agents import Agents
from lupu import forgetting, opened, options
from lupu.files import write_new
from lupu.proving import Claim, acting, prove

NAME = "ticketing-1"
COUNT_MAX = 1_000
SEE = "kept.see"


class NoProof(NeverWorks):
    """Nothing that was signed is kept of a request."""


@click.group()
def requests() -> None:
    """Look at what the database keeps of requests for ever.

    \b
    Examples:
      lupu requests reused --since 2026-11-01 --config /etc/lupu/inside.toml
      lupu requests proof agent:1001/PlaceBooking/A-17 --as wang --config /etc/lupu/inside.toml
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
    """List references that were used for two requests.

    The second was refused. The latest are first, at most 1,000; the last line says how many there
    are.
    """
    start = None if since is None else since.replace(tzinfo=UTC)
    with opened.database(config, name) as database:
        found = reused_references(database, since=start, count_max=COUNT_MAX)
    if as_json:
        click.echo(json.dumps([_facts(one) for one in found], ensure_ascii=False))
        if len(found) == COUNT_MAX:
            click.echo(f"only the last {COUNT_MAX} are shown: narrow it with --since", err=True)
        return
    for one in found:
        at = one.refused_at.isoformat(timespec="seconds")
        click.echo(f"{at}  {one.request_id}  {one.transmission}  {one.subject}".rstrip())
    click.echo(f"{len(found)} refused" + (" or more" if len(found) == COUNT_MAX else ""))


@requests.command(
    epilog=options.example(
        "lupu requests proof agent:1001/PlaceBooking/A-17 --out A-17.txt --as wang"
        " --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@acting
@click.argument("request")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for what was signed, byte for byte, its Content-Type before it.",
)
def proof(config: str | None, name: str, who: Claim, request: str, out: Path | None) -> None:
    """Verify what was signed of REQUEST, and write it out.

    Says with which certificate it was signed and when, and that its values are those that were
    handled. What is written holds personal data, so the audit trail says who took it out. The
    certificate is in it: whoever knows its fingerprint verifies it with any tool for WS-Security.
    """
    with opened.database(config, name) as database:
        by = prove(who, SEE, database, options.configuration(config, name))
        kept = kept_proofs(database, [request]).get(request)
        if kept is None:
            raise NoProof(f"Of {request} nothing that was signed is kept.")
        facts = {"sha256": digest_of(kept.proof), "file": "yes" if out else "no"}
        note = Note(by, What.PROOF, name=request, facts=facts)
        AuditTrail(database, SystemClock()).append(note)
        number = RequestId.parse(request).sender.partition(":")[2]
        sha1_allowed = Agents(database, SystemClock()).sha1_allowed(number)
    signed = read_proof(kept.proof)
    signed.verify(kept.accepted_at, sha1_allowed=sha1_allowed)
    schemas = Schemas()
    schemas.validate(signed.element)
    if schemas.digest(message_type(kept.type).element, signed.document()) != kept.digest:
        raise ProofWrong("What was signed has other values than what was handled.")
    if out is not None:
        write_new(out, kept.proof)
    click.echo(f"{request} was signed at {signed.created_at().isoformat()}")
    click.echo(f"with the certificate {signed.fingerprint}; it is what was handled")


def _facts(one: Reused) -> dict[str, Any]:
    times = ("accepted_at", "refused_at")
    return {
        name: value.isoformat(timespec="microseconds") if name in times else value
        for name, value in asdict(one).items()
    }


requests.add_command(forgetting.command)

GROUP = requests
