"""Whoever publishes past the gateway changes no row of the database, and hinders nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.database import Database, Migrations
from adapters.xml import Schemas, parse
from hub.envelope import Wire, from_wire
from hub.messages import INWARD_EXCHANGE, QUARANTINE_QUEUE
from hub.ports import Address, Published
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.application import MIGRATIONS
from internal_apps.ticketing.loading import Sample
from tests.acceptance.test_past_the_gateway import BODY, attacks, sent
from tests.contract.transports import AmqpTransport, Got, until
from tests.servers.brokers import OBSERVER, Brokers
from tests.servers.components import hub, ticketing
from tests.servers.keys import Keys
from tests.servers.promises import Shows

TO = Address(INWARD_EXCHANGE, "requests")
# What the worker writes of itself: what is on offer goes out every few seconds.
ITS_OWN = {"outbox", "message_parts", "publications"}
OPENING = datetime.now(UTC).date() + timedelta(days=30)
SOLD = BODY.replace(b"2010-05-05", str(OPENING + timedelta(days=10)).encode())

Rows = dict[str, list[tuple[object, ...]]]


@dataclass
class Attacked:
    """A bridge to a real database, and what an attacker and an observer see of it."""

    outside: AmqpTransport
    keys: Keys
    database: Path
    kept: Got
    answers: Got

    def rows(self) -> Rows:
        """Return every row of every table but the worker's own."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {name for (name,) in named} - ITS_OWN
            return {
                table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608
                for table in sorted(tables)
            }

    def is_answered(self, requests: int) -> bool:
        """Return whether so many answers came and the database knows of it.

        The worker writes down that a reply left once it is confirmed, so a moment after it came.
        """
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            counted = "SELECT COUNT(replied_at) FROM inbox"
            (replied,) = connection.execute(counted).fetchone()
        return bool(len(self.answers.deliveries) == replied == requests)

    def publish(self, wire: Wire) -> Published:
        """Publish as the gateway's account may."""
        return self.outside.send("gateway-1", TO, wire)


@pytest.fixture
def attacked(own_brokers: Brokers, tmp_path: Path) -> Iterator[Attacked]:
    """Run a hub and a worker on tickets that are sold.

    The worker publishes its agents: on brokers of its own, or every gateway would take them.
    """
    path = tmp_path / "lupu.sqlite"
    with closing(Database(f"sqlite:///{path}")) as database:
        Migrations(database, [MIGRATIONS]).upgrade()
        with database.begin() as connection:
            Sample(opening=OPENING).load(connection)
        Agents(database, SystemClock()).add(NewAgent("1001", "Agency", "旅行社", "AGENCY"))
    transport = AmqpTransport(own_brokers.outside)
    with ExitStack() as running:
        running.callback(transport.close)
        kept = transport.consume(OBSERVER, QUARANTINE_QUEUE)
        answers = transport.consume("gateway-1", "replies.gateway-1.b00t", "exclusive")
        running.enter_context(hub(own_brokers, tmp_path))
        running.enter_context(ticketing(own_brokers, tmp_path, path))
        yield Attacked(transport, own_brokers.keys, path, kept, answers)


def as_sold(wire: Wire) -> Wire:
    """Return the attack with a booking that would be taken, were it not an attack."""
    return wire._replace(body=wire.body.replace(BODY, SOLD))


@pytest.mark.promise(2)
def test_no_attack_changes_a_row_and_the_next_honest_request_is_done(
    attacked: Attacked, shows: Shows
) -> None:
    """Not one attack reaches a table; the id they all used is still free for its owner."""
    assert SOLD != BODY
    first = _named(sent(id=from_wire(sent()).id._replace(reference="A-0"), body=SOLD), "A-0")
    assert attacked.publish(attacked.keys.seal(first)) is Published.CONFIRMED
    assert until(lambda: attacked.is_answered(1))
    before = attacked.rows()
    hostile = attacks(attacked.keys, as_sold)
    for case, wire in hostile.items():
        assert attacked.publish(wire) is Published.CONFIRMED, case
    assert until(lambda: len(attacked.kept.deliveries) == len(hostile))
    assert attacked.rows() == before
    assert attacked.publish(attacked.keys.seal(sent(body=SOLD))) is Published.CONFIRMED
    assert until(lambda: attacked.is_answered(2))
    answers = [attacked.keys.opened(one.wire) for one in attacked.answers.deliveries]
    assert [_status(wire) for wire in answers] == ["HELD", "HELD"]
    after = attacked.rows()
    assert len(after["bookings"]) == len(before["bookings"]) + 1 == 2
    assert [row[0] for row in after["inbox"]] == [
        "agent:1001/PlaceBooking/A-0",
        "agent:1001/PlaceBooking/A-1",
    ]
    shows(attacks=len(hostile), kept_with_their_reason=len(attacked.kept.deliveries))
    shows(rows_changed=0, honest_requests_done=2)


def _named(wire: Wire, reference: str) -> Wire:
    return wire._replace(body=wire.body.replace(b"A-1<", f"{reference}<".encode()))


def _status(wire: Wire) -> str:
    booking = Schemas().values(parse(wire.body))["Booking"]
    return str(booking["State"])
