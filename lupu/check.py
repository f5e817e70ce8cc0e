"""``lupu check``: each thing a component depends on is fine, or says what to do."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from adapters import expiry
from adapters.amqp.ping import look
from adapters.certificates import CertificateFacts
from adapters.clock import SystemClock
from adapters.expiry import Edge
from adapters.sealing import Sealing, sealing_of
from certs.authority import RENEW_DAYS
from hub.checks import Check
from hub.errors import LupuError, SettingsError
from hub.places import Places, inside_places, outside_places
from hub.private import check_owners_alone
from hub.settings import Broker, Configuration, InsideBroker, OutsideBroker
from lupu import options, processes

INSIDE = "internal_apps."
GATEWAY = "gateway"
READERS = (GATEWAY, "hub")
GROUPS: dict[type[Broker], Callable[[str], Places]] = {
    OutsideBroker: outside_places,
    InsideBroker: inside_places,
}


class NotFine(LupuError):
    """At least one check is not fine."""


@click.command()
@options.configured("gateway-1")
def check(config: str | None, name: str) -> None:
    """Look at everything the component NAME depends on.

    \b
    Example:
      lupu check --config /etc/lupu/inside.toml --name ticketing-1
    """  # noqa: D301  click's \b keeps the lines as they are
    configuration = options.configuration(config, name)
    process = processes.of_component(name)
    found = [
        *_brokers(configuration),
        *sealing_checks(configuration, opens=process.command in READERS),
        *edge_checks(configuration, has_agents=process.command == GATEWAY),
        *processes.checks(process, configuration),
    ]
    if process.package.startswith(INSIDE):
        found += processes.module("lupu.opened").checks(config, name)
    width = max((len(entry.name) for entry in found), default=0)
    for entry in found:
        verdict = click.style("fine", fg="green") if entry.fine else click.style("NOT", fg="red")
        click.echo(f"{entry.name:<{width}}  {verdict:<4}  {entry.sentence}")
    bad = [entry.name for entry in found if not entry.fine]
    if bad:
        raise NotFine(f"not fine: {', '.join(bad)}")


def _brokers(configuration: Configuration) -> Iterable[Check]:
    kind = configuration.name.rpartition("-")[0]
    for group, places in GROUPS.items():
        # A zone's file may name a broker that only its operator dials.
        if configuration.has(group) and places(kind) != Places():
            yield from broker_checks(configuration, group)


def broker_checks(configuration: Configuration, group: type[Broker]) -> Iterable[Check]:
    """Check a broker's certificate files, then dial it and look at what is used there."""
    place = group.section.replace("_", " ")
    try:
        broker = configuration.read(group)
    except SettingsError as error:
        yield Check(place, False, str(error))
        return
    certificate = Check.ask(f"{place}: certificate", lambda: _days_left(broker, configuration))
    yield certificate
    if certificate.fine:
        places = GROUPS[group](configuration.name.rpartition("-")[0])
        yield from look(broker, configuration.name, places)


def sealing_checks(configuration: Configuration, *, opens: bool) -> Iterable[Check]:
    """Check that the component can seal and sign and, if it ``opens``, open what it reads."""
    if configuration.has(Sealing):
        yield Check.ask(
            "sealing", lambda: sealing_of(configuration, SystemClock(), opens=opens).said()
        )


def edge_checks(configuration: Configuration, *, has_agents: bool) -> Iterable[Check]:
    """Check the files that HAProxy in front of the component uses, where they are named."""
    if not configuration.has(Edge):
        if has_agents:
            yield Check("edge", True, "not looked at: name HAProxy's certificates in [edge]")
        return
    try:
        edge = configuration.read(Edge)
    except SettingsError as error:
        yield Check("edge", False, str(error))
        return
    yield Check.ask("edge: certificate", lambda: _edge(edge.certificate))
    if has_agents:
        yield Check.ask("edge: agents' authority", lambda: _authority(edge))


def _edge(certificate: Path) -> str:
    """HAProxy reads the key beside its certificate while it is root; it may be nobody else's."""
    check_owners_alone("[edge] certificate", certificate.with_suffix(".key"))
    return days_left(certificate)


def _authority(edge: Edge) -> str:
    if edge.agents_authority == Path():
        raise SettingsError("[edge] agents_authority is missing: name the agents' authority.")
    return days_left(edge.agents_authority)


def days_left(path: Path) -> str:
    """Say how long a certificate is good for; SettingsError where that is not long."""
    days = CertificateFacts.read(path).days_left(datetime.now(UTC))
    if days < RENEW_DAYS:
        raise SettingsError(f"{path} has {days} days left: issue a new one.")
    return f"{days} days left"


def _days_left(broker: Broker, configuration: Configuration) -> str:
    facts = CertificateFacts.read(broker.certificate)
    if facts.common_name != configuration.name:
        raise SettingsError(
            f"{broker.certificate} is for {facts.common_name}, not for {configuration.name}."
        )
    days_left(broker.authority)
    return f"{days_left(broker.certificate)}, {_revoked(broker)}"


def _revoked(broker: Broker) -> str:
    """Say whether the broker's own certificate is asked for, and SettingsError if not for long."""
    if broker.crl == Path():
        return f"whether its broker's is revoked is not asked: name [{broker.section}] crl"
    days = expiry.days_left(broker.crl)
    if math.isnan(days):
        raise SettingsError(f"{broker.crl} is no list of who is revoked: bring it here anew.")
    if days < RENEW_DAYS:
        raise SettingsError(f"{broker.crl} has {days:.0f} days left: lupu certificates crl.")
    return f"its broker's is looked for among the revoked, {days:.0f} days"


GROUP = check
