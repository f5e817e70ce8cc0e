"""A night's quarantine, worked on with the real hub, the real worker and a real database."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from adapters.amqp.hand import hand
from adapters.clock import SystemClock
from adapters.database import Database, InboxStore, Migrations
from adapters.quarantine import QuarantineShelf
from adapters.sealing.keys import Use
from adapters.xml import Schemas
from hub.envelope import RequestId, Transmission, Wire
from hub.guard import OUTSIDE
from hub.messages import INWARD_EXCHANGE
from hub.parking import End, Kept, Place
from hub.ports import Address, InboxEntry, Published
from hub.replaying import Inside, Preview, Previews, again
from hub.sealing import OperatorSeals
from internal_apps.ticketing.agents import Agents, NewAgent
from internal_apps.ticketing.application import MIGRATIONS
from internal_apps.ticketing.loading import Sample
from tests.acceptance.test_past_the_gateway import sent
from tests.acceptance.test_past_the_gateway_to_the_rows import OPENING, SOLD
from tests.contract.shelves import OPERATOR, Trail
from tests.contract.transports import AmqpTransport, until
from tests.servers.brokers import Brokers
from tests.servers.components import hub, ticketing
from tests.servers.promises import Shows

TO = Address(INWARD_EXCHANGE, "requests")
WEEK_SECONDS = 7 * 86_400
WAIT_SECONDS = 30.0


@dataclass
class Night:
    """The outside quarantine's operator, and what the database says."""

    brokers: Brokers
    outside: AmqpTransport
    shelf: QuarantineShelf
    previews: Previews
    database: Path
    trail: Trail
    trusted_again: Callable[[], None] = lambda: None

    def listed(self) -> list[Kept]:
        """Return what is kept outside."""
        return list(self.shelf.list().kept)

    def named(self, reference: str) -> str:
        """Return the id of the only one kept for a reference."""
        (name,) = [kept.id for kept in self.listed() if kept.request_id.endswith(reference)]
        return name

    def original(self, reference: str) -> Wire:
        """Return the original kept for a reference."""
        shown = self.shelf.show(self.named(reference))
        assert shown is not None
        assert shown.wire is not None
        return shown.wire

    def preview(self, wire: Wire) -> Preview:
        """Return what sending it again would do now."""
        return self.previews.of(wire, OPERATOR)

    def publish(self, wire: Wire) -> None:
        """Publish as the wire's own account."""
        assert self.outside.send(wire.user_id, TO, wire) is Published.CONFIRMED

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return list(connection.execute(query))

    def outcomes(self) -> dict[str, str]:
        """Return the outcome code of each reference the inside knows."""
        rows = self.rows("SELECT request_id, outcome_code FROM inbox")
        return {str(request).rpartition("/")[2]: str(code) for request, code in rows}

    def bookings(self) -> int:
        """Return how many bookings there are."""
        return len(self.rows("SELECT * FROM bookings"))


@pytest.fixture
def night(own_brokers: Brokers, tmp_path: Path) -> Iterator[Night]:
    """Offer a running worker with tickets to sell; the hub is the test's own to run."""
    path = tmp_path / "lupu.sqlite"
    with closing(Database(f"sqlite:///{path}")) as database:
        Migrations(database, [MIGRATIONS]).upgrade()
        with database.begin() as connection:
            Sample(opening=OPENING).load(connection)
        Agents(database, SystemClock()).add(NewAgent("1001", "Agency", "旅行社", "AGENCY"))
        store = InboxStore(database, SystemClock(), OPERATOR)

        def known(request_id: RequestId) -> InboxEntry | None:
            with store.reading() as unit:
                return unit.entry(request_id)

        keys, schemas = own_brokers.keys.of(OPERATOR), Schemas()
        opens = partial(hand, own_brokers.outside(OPERATOR), OPERATOR)
        seals = OperatorSeals(keys.opener, keys.sealer, keys.requests_for)
        shelf = QuarantineShelf(Place.OUTSIDE, opens, OPERATOR, schemas, seals)
        previews = Previews(
            Place.OUTSIDE, schemas, SystemClock(), known, WEEK_SECONDS, opener=keys.opener
        )
        outside = AmqpTransport(own_brokers.outside)
        with ticketing(own_brokers, tmp_path, path):
            yield Night(own_brokers, outside, shelf, previews, path, Trail())
        outside.close()


def booking(reference: str, gateway: str, sequence: int) -> Wire:
    """Return a booking that would be taken, as a gateway sends it before it is sealed."""
    return sent(
        gateway,
        id=RequestId("agent:1001", "PlaceBooking", reference),
        transmission=Transmission(gateway, "b00t", sequence),
        reply_to=f"replies.{gateway}.b00t",
        body=SOLD.replace(b"A-1<", f"{reference}<".encode()),
    )


@pytest.fixture
def right_and_wrong(night: Night) -> Iterator[tuple[Wire, Wire]]:
    """Offer a booking of gateway-1, whose key is revoked by mistake, and a wrong one of another.

    Afterwards the key is trusted again.
    """
    keys = night.brokers.keys
    right = keys.seal(booking("A-1", "gateway-1", 1), "gateway-1")
    wrong = booking("A-2", "gateway-2", 1)
    wrong = keys.seal(wrong._replace(body=wrong.body.replace(b"INDIVIDUAL", b"ALL")), "gateway-2")
    trusted = keys.keyring
    (mistaken,) = [key for key in trusted if (key.owner, key.use) == ("gateway-1", Use.SIGN)]
    keys.change(trusted.revoked(mistaken.key_id, datetime.now(UTC)))
    night.trusted_again = lambda: keys.change(trusted)
    yield right, wrong
    keys.change(trusted)


@pytest.mark.promise(5)
def test_what_was_wrong_is_refused_again_and_what_became_right_takes_effect_once(
    night: Night, right_and_wrong: tuple[Wire, Wire], tmp_path: Path, shows: Shows
) -> None:
    """Listed with its reason, previewed, replayed through the guard, corrected: each once."""
    right, wrong = right_and_wrong
    with hub(night.brokers, tmp_path):
        night.publish(right)
        night.publish(wrong)
        counted = {"KeyNotTrusted": 1, "InvalidBody": 1}
        assert until(lambda: night.shelf.list().kinds == counted, WAIT_SECONDS)
        assert night.original("A-1") == right
        is_refused_again(night)
    assert night.outcomes() == {}
    night.trusted_again()
    assert night.preview(night.original("A-1")).inside is Inside.FIRST
    assert night.shelf.replay([night.named("A-1")], night.trail)[0].end is End.DONE
    # What a crash between publish and acknowledge leaves, replayed too.
    night.publish(again(Place.OUTSIDE, right, OPERATOR)[1])
    with hub(night.brokers, tmp_path):
        assert until(lambda: night.outcomes() == {"A-1": "DONE"}, WAIT_SECONDS)
        corrected = booking("A-2", "gateway-2", 1).body
        assert night.shelf.correct(night.named("A-2"), corrected, night.trail).end is End.DONE
        both = {"A-1": "DONE", "A-2": "DONE"}
        assert until(lambda: night.outcomes() == both, WAIT_SECONDS)
        assert night.listed() == []
        assert night.preview(right).inside is Inside.REPEAT
    assert night.bookings() == 2
    book = night.rows("SELECT origin, sequence, what FROM inside_book ORDER BY origin, what")
    once = [("gateway-1", 1, "FIRST"), ("gateway-1", 1, "REPEAT"), ("gateway-2", 1, "FIRST")]
    assert book == once
    assert [entry.end for entry in night.trail.done] == [End.DONE] * 3
    shows(refused_and_kept=2, replayed=2, refused_again_and_kept=1, corrected=1)
    shows(handled_once_each=2, left_in_the_quarantine=0, written_down=len(night.trail.done))


def is_refused_again(night: Night) -> None:
    """Replay the wrong one, and see it kept anew with the operator as its sender."""
    first = night.named("A-2")
    preview = night.preview(night.original("A-2"))
    assert preview.refused is not None
    assert preview.refused.kind == "InvalidBody"
    assert night.shelf.replay([first], night.trail)[0].end is End.DONE
    assert until(lambda: len(night.listed()) == 2, WAIT_SECONDS)
    anew = next(kept for kept in night.listed() if kept.request_id.endswith("A-2"))
    assert anew.account == OPERATOR
    assert anew.id != first


def test_an_operator_speaks_for_no_gateway(night: Night, tmp_path: Path) -> None:
    """With its account and its key it brings what gateways sent, and not what it made up."""
    assert OUTSIDE.brings["operator"] == OUTSIDE.kinds
    keys = night.brokers.keys
    own = booking("A-3", OPERATOR, 1)
    forged = keys.seal(booking("A-4", "gateway-1", 1), "gateway-2")._replace(user_id=OPERATOR)
    with hub(night.brokers, tmp_path):
        night.publish(keys.seal(own, OPERATOR))
        night.publish(forged)
        counted = {"NotAllowed": 1, "NotAuthentic": 1}
        assert until(lambda: night.shelf.list().kinds == counted, WAIT_SECONDS)
    assert night.outcomes() == {}
