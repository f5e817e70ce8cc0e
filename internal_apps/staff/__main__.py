"""The staff's web: HAProxy in front, the inside broker and the database behind.

The main process listens and keeps one worker alive; everything else, the broker's thread
included, lives in the worker and starts there.
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, RuntimeModes

from adapters import logs, metrics
from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.database import Database, DatabaseSettings, InboxStore, Migrations
from adapters.expiry import show_days_left, show_edge_days_left
from adapters.server import claim_port, claim_socket, die_with
from adapters.xml import Schemas
from hub import settings
from hub.checks import Check
from hub.errors import BrokerAway, SettingsError
from hub.ports import Clock, Delivery, Subscription
from hub.requester import Requester
from hub.settings import Configuration, InsideBroker
from internal_apps import evidence, parking, ticketing
from internal_apps.asking import Asking
from internal_apps.evidence import telling as evidence_telling
from internal_apps.evidence import web as evidence_web
from internal_apps.evidence.application import build as build_evidence
from internal_apps.evidence.settings import Evidence
from internal_apps.evidence.web.desk import Desk as EvidenceDesk
from internal_apps.following import web as following_web
from internal_apps.following.web import Desk as FollowingDesk
from internal_apps.parking import telling as parking_telling
from internal_apps.parking import web as kept
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.opening import interventions
from internal_apps.parking.settings import Parking
from internal_apps.parking.traffic import Traffic
from internal_apps.parking.viewing import Viewing
from internal_apps.parking.web import desk as kept_desk
from internal_apps.previewing import Unheard
from internal_apps.serving import Surroundings
from internal_apps.showing import Views
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.app import MIGRATIONS, Area, MenuEntry, Parts, make_app
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.settings import Staff
from internal_apps.staff.shell import Shell
from internal_apps.ticketing import telling as ticketing_telling
from internal_apps.ticketing import web
from internal_apps.ticketing.application import build
from internal_apps.ticketing.web import asking as ticketing_asking
from internal_apps.ticketing.web.books import Books
from internal_apps.ticketing.web.desk import Desk

_log = logging.getLogger(__name__)

_STOP_SECONDS_MAX = 15
_BOOT_BYTES = 8
_REPLIES_PREFETCH_MAX = 100
# The server's own lines go through our handler, as JSON.
_SERVER_LOG: dict[str, Any] = {
    "loggers": {"_granian": {"handlers": [], "level": "WARNING", "propagate": True}}
}
# Every application, to foresee what it would do with a message that is kept.
BUILDS = {"ticketing": build, "evidence": build_evidence}
LINES = (
    MIGRATIONS,
    *(
        Path(app.__file__).parent / "versions"
        for app in (ticketing, evidence, parking)
        if app.__file__
    ),
)


def run(configuration: Configuration) -> None:
    """Serve until SIGTERM or SIGINT."""
    staff = configuration.read(Staff)
    staff.check_listens()
    configuration.read(InsideBroker)
    configuration.read(settings.Metrics)
    logs.configure(configuration.read(settings.Log).level)
    database = configuration.read(DatabaseSettings).opened()
    Migrations(database, LINES).check()
    database.close()
    on_socket = staff.socket != Path()
    if on_socket:
        claim_socket(Staff.section, staff.socket)
    else:
        claim_port(Staff.section, staff.host, staff.port)
    server = Granian(
        "internal_apps.staff",
        address=staff.host,
        port=staff.port,
        uds=staff.socket if on_socket else None,
        uds_permissions=staff.socket_mode if on_socket else None,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=staff.threads,
        backpressure=staff.threads * 4,
        runtime_mode=RuntimeModes.st,  # as at the gateway, where it was measured
        http=HTTPModes.http1,
        websockets=False,
        log_dictconfig=_SERVER_LOG,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS_MAX,
    )
    _log.info("staff.started", extra={"component": configuration.name})
    server.serve(target_loader=partial(_worker, configuration, os.getpid()), wrap_loader=False)
    _log.info("staff.ended", extra={"component": configuration.name})


def checks(configuration: Configuration) -> Iterable[Check]:
    """Say whether it can listen, and whether anybody could sign in."""
    yield Check.ask("staff: place", lambda: _place(configuration.read(Staff)))
    yield Check.ask("staff: accounts", lambda: _people(configuration))


def _place(staff: Staff) -> str:
    staff.check_listens()
    if staff.socket == Path():
        return f"{staff.host} port {staff.port}"
    if not staff.socket.parent.is_dir():
        raise SettingsError(f"The folder {staff.socket.parent} is not there; make it.")
    return str(staff.socket)


def _people(configuration: Configuration) -> str:
    database = configuration.read(DatabaseSettings).opened()
    try:
        Migrations(database, LINES).check()
        people = Accounts(database, SystemClock()).all()
    finally:
        database.close()
    count = sum(1 for one in people if one.disabled_at is None)
    if not count:
        raise SettingsError("Nobody could sign in: lupu staff add NAME --role ... adds somebody.")
    return f"{count} can sign in"


def _worker(configuration: Configuration, parent: int) -> Callable[..., Any]:
    """Wire everything inside the worker process and return the WSGI application."""
    die_with(parent)
    logs.configure(configuration.read(settings.Log).level)
    staff, broker = configuration.read(Staff), configuration.read(InsideBroker)
    registry = metrics.PrometheusMetrics()
    loop, clock, name = Loop(), SystemClock(), configuration.name
    consumer = AmqpConsumer(loop, broker, name)
    publisher = AmqpPublisher(loop, broker, name)
    requester = Requester(loop, publisher, registry, broker.confirm_seconds)
    asked = Asking(
        requester,
        clock,
        origin=name,
        boot=secrets.token_hex(_BOOT_BYTES),
        wait_seconds=staff.reply_wait_seconds,
    )
    _take_replies(consumer, requester, asked.replies)
    database = configuration.read(DatabaseSettings).opened()
    pings = {"database": database.ping, "broker": lambda: _ping(requester)}
    areas = [
        ticketing_area(database, asked, clock, Viewing(AuditTrail(database, clock))),
        parking_area(
            _interventions(database, clock, configuration), Traffic(database, clock), clock
        ),
        evidence_area(database, clock, configuration.read(Evidence)),
        following_area(database, clock, configuration.read(Evidence)),
    ]
    app = make_app(Parts(database, clock, staff, areas, pings, Passwords(), registry))
    Finalize(None, _stop, args=(consumer, publisher), exitpriority=10)
    show_days_left(registry, (broker,))
    show_edge_days_left(registry, configuration)
    registry.serve(configuration.read(settings.Metrics))
    for link in (consumer, publisher):
        link.start()
    loop.start_thread("brokers")
    return app


def ticketing_area(
    database: Database, inside: ticketing_asking.Inside, clock: Clock, views: Views
) -> Area:
    """Return the pages of ticketing for the shell."""

    def blueprint(shell: Shell) -> Any:
        asked = ticketing_asking.Asking(inside, Schemas())
        return web.bookings_pages(Desk(shell, Books(database), asked, clock, views))

    menu = [MenuEntry(*entry) for entry in web.MENU]
    return Area(blueprint, menu, web.TRANSLATIONS)


def evidence_area(database: Database, clock: Clock, settings: Evidence) -> Area:
    """Return the page of evidence for the shell."""

    def blueprint(shell: Shell) -> Any:
        return evidence_web.evidence_pages(EvidenceDesk(shell, database, clock, settings))

    menu = [MenuEntry(*entry) for entry in evidence_web.MENU]
    return Area(blueprint, menu, evidence_web.TRANSLATIONS)


def following_area(database: Database, clock: Clock, settings: Evidence) -> Area:
    """Return the page that follows a message, with what each application tells of it."""
    sources = (
        ticketing_telling.source(),
        evidence_telling.source(settings.bound_seconds),
        parking_telling.source(),
    )

    def blueprint(shell: Shell) -> Any:
        return following_web.following_pages(FollowingDesk(shell, database, clock, sources))

    menu = [MenuEntry(*entry) for entry in following_web.MENU]
    return Area(blueprint, menu, following_web.TRANSLATIONS)


def parking_area(work: Interventions, traffic: Traffic, clock: Clock) -> Area:
    """Return the pages of kept messages and of traffic for the shell."""

    def blueprint(shell: Shell) -> Any:
        return kept.kept_pages(kept_desk.Desk(shell, work, traffic, clock))

    return Area(blueprint, [MenuEntry(*entry) for entry in kept.MENU], kept.TRANSLATIONS)


def _interventions(
    database: Database, clock: Clock, configuration: Configuration
) -> Interventions:
    name = configuration.name
    around = Surroundings(InboxStore(database, clock, name), Schemas(), clock, Unheard(), name)
    operator = configuration.read(Parking).operator
    reached = Configuration(configuration.path, operator) if operator else None
    return interventions(around, configuration, reached, BUILDS)


def _take_replies(consumer: AmqpConsumer, requester: Requester, queue: str) -> None:
    taken: list[Subscription] = []

    def deliver(delivery: Delivery) -> None:
        requester.deliver(delivery)
        taken[0].acknowledge(delivery.tag)

    taken.append(consumer.subscribe_exclusive(queue, _REPLIES_PREFETCH_MAX, deliver))


def _ping(requester: Requester) -> None:
    if not requester.ready():
        raise BrokerAway("The inside broker is away.")


def _stop(*links: AmqpConsumer | AmqpPublisher) -> None:
    for link in links:
        link.stop()
    logging.shutdown()  # a worker process ends without it
