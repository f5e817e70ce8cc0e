"""One suite for every store: in memory, and on SQLite, PostgreSQL and Db2's driver."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from adapters.database import Database, InboxStore, Migrations
from adapters.memory.store import MemoryStore
from hub.envelope import Hop, Message, RequestId, Transmission
from hub.ports import Answer, InboxEntry, InboxState, Store, Unit
from tests.servers.databases import KINDS, Databases
from tests.unit.hub_world import MovedClock

NOON = datetime(2010, 5, 1, 4, 0, 0, 123456, tzinfo=UTC)
LONG = ("<a>" + "\U00020bb7野" * 20_000 + "</a>").encode()


class World:
    """A store and what its test needs."""

    def __init__(self, store: Store, clock: MovedClock, name: str) -> None:
        self.store = store
        self.clock = clock
        self._name = name

    def message(self, reference: str = "A-1", body: bytes = b"<a/>") -> Message:
        """Return a message whose request id no other test uses."""
        return Message(
            type="PlaceBooking.1",
            id=RequestId("agent:1001", "PlaceBooking", f"{self._name}-{reference}"),
            transmission=Transmission("gateway-1", "5f2c", 17),
            accepted_at=NOON,
            body=body,
            reply_to="replies.gateway-1.5f2c",
            sign_in="certificate",
            operator="王小明",
            hops=(Hop("gateway-1", NOON), Hop("hub-1", NOON + timedelta(seconds=1))),
        )


@pytest.fixture(scope="session")
def migrated(database_servers: Databases) -> Iterator[dict[str, Database]]:
    """Offer one database of each kind with the bridge's tables."""
    opened = {kind: Database(database_servers.url(kind)) for kind in KINDS}
    for database in opened.values():
        Migrations(database, []).upgrade()
    yield opened
    for database in opened.values():
        database.close()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Offer each kind of database in turn."""
    return str(request.param)


@pytest.fixture(params=["memory", *KINDS])
def world(request: pytest.FixtureRequest) -> World:
    """Offer each store in turn."""
    clock = MovedClock(NOON)
    name = f"T{abs(hash(request.node.name)) % 10**9}"
    if request.param == "memory":
        return World(MemoryStore(), clock, name)
    databases = request.getfixturevalue("migrated")
    return World(InboxStore(databases[request.param], clock, name), clock, name)


def handled(message: Message, body: bytes = b"<b/>") -> InboxEntry:
    """Return an entry that says the message is done."""
    answer = Answer("PlaceBookingResponse.1", body)
    return InboxEntry(message.id, "d" * 64, InboxState.HANDLED, answer, "DONE", subject="K7M2")


def record(unit: Unit, message: Message, body: bytes = b"<b/>") -> None:
    """Record the message as handled, and answer."""
    unit.record(message, handled(message, body), NOON)


@pytest.mark.parametrize("body", [b"<b/>", LONG, b"\xff\xfe\x00", b"base64:", b""])
def test_an_entry_comes_back_as_it_was_recorded(world: World, body: bytes) -> None:
    """Digest, state, outcome, answer and subject survive, however long and in any bytes."""
    message = world.message(body=LONG)
    with world.store.unit() as unit:
        assert unit.entry(message.id) is None
        record(unit, message, body)
        assert unit.entry(message.id) == handled(message, body)
    with world.store.unit() as unit:
        assert unit.entry(message.id) == handled(message, body)


def test_nothing_stays_of_a_transaction_that_fails(world: World) -> None:
    """Inbox mark and outbox rows come together or not at all."""
    message = world.message()
    with suppress(ValueError), world.store.unit() as unit:
        record(unit, message)
        unit.send([message])
        raise ValueError
    with world.store.unit() as unit:
        assert unit.entry(message.id) is None
    assert world.store.unsent(10) == []


def test_a_savepoint_undoes_its_own_and_nothing_else(world: World) -> None:
    """What came before and after the failed one is kept."""
    first, second, third = (world.message(name) for name in ("A-1", "A-2", "A-3"))
    with world.store.unit() as unit:
        with unit.savepoint():
            record(unit, first)
            unit.send([first])
        with suppress(ValueError), unit.savepoint():
            record(unit, second)
            unit.send([second])
            raise ValueError
        assert unit.entry(second.id) is None
        with unit.savepoint():
            record(unit, third)
            unit.send([third])
    with world.store.unit() as unit:
        states = [unit.entry(message.id) for message in (first, second, third)]
    assert [state is not None for state in states] == [True, False, True]
    assert [message.id for _, message in world.store.unsent(10)] == [first.id, third.id]


def test_the_outbox_gives_back_whole_messages_until_they_are_marked(world: World) -> None:
    """Oldest first, headers, hops, Chinese and long bodies included; marked ones are gone."""
    messages = [
        world.message(f"A-{number}", LONG if number == 1 else b"<a/>") for number in (1, 2)
    ]
    with world.store.unit() as unit:
        unit.send(messages)
    rows = world.store.unsent(10)
    assert [message for _, message in rows] == messages
    assert [message for _, message in world.store.unsent(1)] == messages[:1]
    world.store.mark_sent([rows[0][0]], NOON)
    assert [message for _, message in world.store.unsent(10)] == messages[1:]
    world.store.mark_sent([rows[1][0]], NOON)
    assert world.store.unsent(10) == []


def waiting_entry(message: Message) -> InboxEntry:
    """Return an entry that says the message waits."""
    return InboxEntry(message.id, "d" * 64, InboxState.WAITING, None, "")


def parked_entry(message: Message, digest: str) -> InboxEntry:
    """Return an entry that says the message failed three times and is parked."""
    return InboxEntry(message.id, digest, InboxState.PARKED, None, "", attempts=3)


def test_what_waits_is_woken_by_its_subject_and_gone_once_handled(world: World) -> None:
    """A woken message is whole, and is not woken again after it was recorded as handled."""
    message, subject = world.message(body=LONG), str(world.message().id)
    deadline = NOON + timedelta(seconds=60)
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, subject, deadline)
    assert world.store.woken(["another"], NOON, 10) == []
    (woken,) = world.store.woken([subject], NOON, 10)
    assert (woken.message, woken.deadline) == (message, deadline)
    with world.store.unit() as unit:
        found = unit.entry(message.id)
        assert found is not None
        assert found.state is InboxState.WAITING
        record(unit, message)
    with world.store.unit() as unit:
        assert unit.entry(message.id) == handled(message)
    assert world.store.woken([subject], NOON, 10) == []


def test_what_waits_comes_at_its_deadline_and_again_if_its_taker_died(world: World) -> None:
    """Nothing is lost between being woken and being handled."""
    message, deadline = world.message(), NOON + timedelta(seconds=60)
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, "s", deadline)
    assert world.store.woken([], NOON, 10) == []
    later = deadline + timedelta(seconds=1)
    assert [woken.message for woken in world.store.woken([], later, 10)] == [message]
    much_later = later + timedelta(seconds=120)
    assert [woken.message for woken in world.store.woken([], much_later, 10)] == [message]
    with world.store.unit() as unit:
        unit.entry(message.id)
        record(unit, message)
    assert world.store.woken([], much_later, 10) == []


def test_what_waits_for_one_application_is_not_woken_by_another(
    migrated: dict[str, Database], database_kind: str
) -> None:
    """Two applications on one database each wake only the requests that they handle."""
    database, clock = migrated[database_kind], MovedClock(NOON)
    world = World(InboxStore(database, clock, "T"), clock, "TwoApplications")
    message = world.message()
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, "two", NOON)
    for operations, woken in ((("RegisterFind",), []), (("A", "PlaceBooking"), [message])):
        store = InboxStore(database, clock, "T", operations=operations)
        assert [one.message for one in store.woken(["two"], NOON, 10)] == woken
    with world.store.unit() as unit:
        unit.entry(message.id)
        record(unit, message)


def test_a_parked_message_says_so_and_can_be_handled_after_all(world: World) -> None:
    """Its entry is PARKED with its digest until it is recorded anew."""
    message = world.message(body=LONG)
    with world.store.unit() as unit:
        unit.park(message, parked_entry(message, "e" * 64), "ValueError: " + "野" * 600)
    with world.store.unit() as unit:
        entry = unit.entry(message.id)
        assert entry is not None
        assert entry == parked_entry(message, "e" * 64)
        record(unit, message)
    with world.store.unit() as unit:
        assert unit.entry(message.id) == handled(message)


def test_a_waiting_message_may_be_parked(world: World) -> None:
    """One that fails when it is woken waits for a person and is woken no more."""
    message = world.message()
    with world.store.unit() as unit:
        unit.record(message, waiting_entry(message), NOON)
        unit.wait(message, "s2", NOON)
    with world.store.unit() as unit:
        unit.park(message, parked_entry(message, "d" * 64), "it failed")
    assert world.store.woken(["s2"], NOON + timedelta(seconds=600), 10) == []


@pytest.mark.parametrize("state", [InboxState.RETRIED, InboxState.BEHIND])
def test_what_is_tried_again_comes_when_it_is_due(world: World, state: InboxState) -> None:
    """It is kept as what waits is, and its next failure finds how many there were."""
    message, due = world.message(body=LONG), NOON + timedelta(seconds=5)
    entry = InboxEntry(message.id, "d" * 64, state, None, "", attempts=1)
    with world.store.unit() as unit:
        unit.record(message, entry, NOON)
        unit.wait(message, "", due)
    assert message not in [woken.message for woken in world.store.woken([], NOON, 10)]
    assert [woken.message for woken in world.store.woken([], due, 10)] == [message]
    with world.store.unit() as unit:
        assert unit.entry(message.id) == entry
        record(unit, message)
    assert world.store.woken([], due + timedelta(seconds=600), 10) == []


def stand(world: World, line: str, *messages: Message) -> None:
    """Park messages, each in a transaction of its own, in one line."""
    for message in messages:
        with world.store.unit() as unit:
            unit.park(message, parked_entry(message, "d" * 64), "it failed")
            unit.line.join(message.id, line)


def test_each_stands_behind_the_one_that_came_before_it(world: World) -> None:
    """In a line of its own only, whoever is not yet in it at its end; who is done has left."""
    one, two, three = (world.message(name) for name in ("A-1", "A-2", "A-3"))
    line = f"placed:{one.id}"
    stand(world, line, one, two)
    stand(world, f"another {line}", three)
    with world.store.unit() as unit:
        assert not unit.line.is_empty()
        assert unit.line.ahead(one.id, line) == ""
        assert unit.line.ahead(two.id, line) == str(one.id)
        assert unit.line.ahead(three.id, "nobody's") == ""
        assert unit.line.ahead(world.message("A-4").id, line) == str(two.id)
    with world.store.unit() as unit:
        unit.entry(one.id)
        record(unit, one)
    stand(world, line, two)
    with world.store.unit() as unit:
        assert unit.line.ahead(two.id, line) == ""
        for message in (two, three):
            unit.entry(message.id)
            record(unit, message)


def test_a_repeat_within_one_transaction_sees_the_first(world: World) -> None:
    """Two sendings in one batch are one request."""
    message = world.message()
    again = message._replace(transmission=Transmission("gateway-2", "77", 1))
    with world.store.unit() as unit:
        with unit.savepoint():
            record(unit, message)
        with unit.savepoint():
            assert unit.entry(again.id) == handled(message)
