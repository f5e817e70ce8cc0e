"""Workers that share a database in memory meet the races of a real one."""

from datetime import timedelta

import pytest

from adapters.memory.books import MemoryDatabase
from adapters.memory.store import TAKEOVER_SECONDS, MemoryStore
from hub.envelope import Message
from hub.errors import DatabaseAway
from hub.ports import Answer, InboxEntry, InboxState, Unit
from tests.unit.hub_world import MovedClock, booking


def record(unit: Unit, message: Message) -> None:
    """Record a request as handled."""
    answer = Answer("PlaceBookingResponse.1", b"booked")
    entry = InboxEntry(message.id, "d", InboxState.HANDLED, answer, "DONE")
    unit.record(message, entry, message.accepted_at)


def test_of_two_transactions_that_record_one_request_the_second_fails() -> None:
    """As on a database: the request id is unique, and nothing of the second stays."""
    database = MemoryDatabase()
    first, second = MemoryStore(database), MemoryStore(database)

    def in_between() -> None:
        with second.unit() as late:
            record(late, booking("A-1"))
            late.send([booking("A-1")])
            with first.unit() as early:
                record(early, booking("A-1"))
                early.effect("A-1")

    with pytest.raises(DatabaseAway):
        in_between()
    assert first.effects == ["A-1"]
    assert first.unsent(10) == []


def test_transactions_that_meet_in_no_row_are_both_kept() -> None:
    """Neither overwrites what the other wrote."""
    database = MemoryDatabase()
    first, second = MemoryStore(database), MemoryStore(database)
    with second.unit() as late:
        record(late, booking("A-1"))
        late.send([booking("A-1")])
        with first.unit() as early:
            record(early, booking("A-2"))
            early.send([booking("A-2")])
    assert len(database.books.inbox) == len(first.unsent(10)) == 2


def test_a_row_that_two_transactions_wrote_is_a_conflict() -> None:
    """The second reads it anew, in another transaction."""
    database = MemoryDatabase()
    store = MemoryStore(database)

    def in_between() -> None:
        with store.unit() as late:
            late.books.rows["left"] = 9
            with store.unit() as early:
                early.books.rows["left"] = 8

    with pytest.raises(DatabaseAway):
        in_between()
    assert database.books.rows == {"left": 8}


def test_a_workers_rows_are_sent_by_another_only_when_left_lying() -> None:
    """Of two workers each sends its own, until one has plainly died."""
    clock, database = MovedClock(), MemoryDatabase()
    first, second = (MemoryStore(database, owner=name, clock=clock) for name in "ab")
    with first.unit() as unit:
        unit.send([booking()])
    assert (len(first.unsent(10)), len(second.unsent(10))) == (1, 0)
    clock.at += timedelta(seconds=TAKEOVER_SECONDS + 1)
    assert len(second.unsent(10)) == 1
