"""``lupu follow``: the whole story of a message, by whatever name one has of it."""

import json
from collections.abc import Sequence
from typing import Any

import click

from adapters.clock import SystemClock
from hub.errors import NeverWorks
from hub.ports import InboxState
from internal_apps.evidence import telling as evidence
from internal_apps.evidence.settings import Evidence
from internal_apps.following.finding import find
from internal_apps.following.story import Story, story
from internal_apps.parking import telling as parking
from internal_apps.telling import Event, Fact
from internal_apps.ticketing import telling as ticketing
from lupu import opened, options

NAME = "ticketing-1"


class NothingNamedSo(NeverWorks):
    """Nobody knows a request of this name."""


@click.command(epilog=options.example("lupu follow K7M2-PX9R-TA4Y --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def follow(config: str | None, name: str, what: str, as_json: bool) -> None:  # noqa: FBT001
    """Tell the whole story of the message WHAT.

    \b
    WHAT is any of:
      agent:1001/PlaceBooking/A-17   a request id, as each line of the logs has it
      1001/A-17, or A-17 alone       an agency's own reference
      K7M2-PX9R-TA4Y                 a booking's reference: every message about it
      gateway-1.5f2c.17              a transmission, as evidence names it
      4bf92f3577b34da6a3ce929d0e0e4736   a trace id, or a whole traceparent
    """  # noqa: D301  click's \b keeps the lines as they are
    bound_seconds = options.configuration(config, name).read(Evidence).bound_seconds
    sources = (ticketing.source(), evidence.source(bound_seconds), parking.source())
    with opened.database(config, name) as database:
        found = find(database, what, sources)
        now = SystemClock().now()
        stories = [story(database, request, sources, now) for request in found]
    if not stories:
        raise NothingNamedSo(
            f"Nothing here is named {what}: look whether the gateway accepted it, its log says so."
        )
    if as_json:
        click.echo(json.dumps([_facts(one) for one in stories], ensure_ascii=False))
        return
    for one in stories:
        click.echo("\n".join(_lines(one)))


def _lines(one: Story) -> Sequence[str]:
    ending = one.outcome or one.state.lower() or "never came in"
    lines = [f"{one.request}  {ending}"]
    lines += [f"  trace {trace}" for trace in one.traces]
    lines += [f"  {_said(fact)}" for fact in one.facts]
    return lines + [f"  {_line(event)}" for event in one.events]


def _said(fact: Fact) -> str:
    return f"{fact.label[:1].lower()}{fact.label[1:]} {fact.value}"


def _line(event: Event) -> str:
    at = event.at.isoformat(timespec="microseconds")
    beside = [one for one in (event.transmission, event.said_more()) if one]
    return "  ".join([at, f"{event.by or event.place:<12}", event.said(), *beside])


def _facts(one: Story) -> dict[str, Any]:
    way = [(hop.place, hop.at) for hop in one.hops]
    if one.handled_at is not None:
        last = "handled" if one.state == InboxState.HANDLED.value else "looked at"
        way.append((last, one.handled_at))
    return {
        "request": one.request,
        "type": one.type,
        "outcome": one.outcome,
        "state": one.state,
        "subject": one.subject,
        "signed_by": one.signed_by,
        "traces": list(one.traces),
        "transmissions": list(one.transmissions),
        "way": [(place, at.isoformat(timespec="microseconds")) for place, at in way],
        "facts": {fact.label: fact.value for fact in one.facts},
        "events": [_event(event) for event in one.events],
    }


def _event(event: Event) -> dict[str, str]:
    return {
        "at": event.at.isoformat(timespec="microseconds"),
        "place": event.place,
        "by": event.by,
        "text": event.said(),
        "mark": event.mark,
        "transmission": event.transmission,
        "detail": event.said_more(),
    }


GROUP = follow
