"""Mistakes in worker, inbox, outbox and store, to be found by the simulator."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from adapters.memory import store as memory_store
from adapters.memory.books import Books, MemoryDatabase, Unsent
from adapters.memory.broker import dump
from adapters.memory.store import MemoryStore, MemoryUnit
from hub.envelope import Message, to_wire
from hub.handling import Handling
from hub.inbox import Inbox
from hub.outbox import Outbox
from hub.queries import QueryWorker
from hub.turns import FREE, Turns
from hub.worker import RequestWorker
from tests.simulation.application import Ticketing, row
from tests.simulation.documents import DOCUMENTS
from tests.simulation.planting import bug

Right = Callable[..., Any]
LONG_SECONDS = 10**9
WINDOW = timedelta(seconds=30)


@bug(RequestWorker, "_checked", seed=7)
def _the_worker_acknowledges_before_the_commit(right: Right) -> Right:
    def wrong(self: Any, deliveries: Any) -> Any:
        checked = right(self, deliveries)
        for delivery, _ in checked:
            self._acknowledge(delivery)
        return checked

    return wrong


@bug(MemoryStore, "unit", seed=8)
def _deduplication_outside_the_transaction(right: Right) -> Right:
    @contextmanager
    def wrong(self: Any) -> Iterator[MemoryUnit]:
        with right(self) as unit:
            yield unit
            changed = unit.books.changed(unit.base)
            unit.books.inbox = dict(unit.base.inbox)
        with right(self) as unit:
            unit.books.take_on(Books(inbox=changed.inbox))

    return wrong


@bug(MemoryDatabase, "commit", seed=68)
def _of_two_that_record_one_request_the_second_wins(_right: Right) -> Right:
    def wrong(self: Any, books: Books, base: Books, _locked: set[str]) -> None:
        self.reach()
        merged = self.books.copy()
        merged.take_on(books.changed(base))
        self.books = merged

    return wrong


@bug(QueryWorker, "_answer", seed=3)
def _reads_are_deduplicated(right: Right) -> Right:
    def wrong(self: Any, message: Message) -> None:
        query, cache = self._queries[message.type], self.__dict__.setdefault("cache", {})
        key = message.type, str(message.id)
        if key not in cache:
            cache[key] = query(message)
        self._queries = {**self._queries, message.type: lambda _: cache[key]}
        right(self, message)
        self._queries = {**self._queries, message.type: query}

    return wrong


@bug(Ticketing, "_on_booking", seed=1)
def _order_by_arrival(right: Right) -> Right:
    def wrong(self: Any, message: Message, unit: Any, now: Any, become: Any) -> Any:
        values = dict(DOCUMENTS.values(message.body))
        booking = unit.books.rows.get(row(message.id.sender, values["PlacedAs"]))
        if booking is not None:
            values["Version"] = booking.version
            body = DOCUMENTS.write(message.type, **values)
            message = message._replace(body=body)
        return right(self, message, unit, now, become)

    return wrong


@bug(Outbox, "publish_soon", seed=16)
def _the_outbox_is_marked_before_the_confirm(right: Right) -> Right:
    def wrong(self: Any) -> int:
        count: int = right(self)
        if count:
            self._store.mark_sent(list(self._in_flight), self._clock.now())
        return count

    return wrong


@bug(MemoryUnit, "send", seed=12)
def _replies_leave_before_the_commit(_right: Right) -> Right:
    def wrong(self: Any, replies: Sequence[Message]) -> None:
        for message in replies:
            unsent = Unsent(self._owner, self.opened_at, dump(to_wire(message)))
            self._database.change("outbox", {next(self._database.numbers): unsent})

    return wrong


@bug(Handling, "_repeat", seed=1)
def _the_digest_of_a_repeat_is_ignored(right: Right) -> Right:
    return lambda self, message, _, entry, unit: right(self, message, entry.digest, entry, unit)


def _forgets(right: Right, known_as_new: Callable[[Any, Message, Message], bool]) -> Right:
    """Return a ``Handling.one`` that takes some requests that are known for new ones."""

    def wrong(self: Any, message: Message, unit: Any, left: Any, look: Any = None) -> None:
        first = unit.books.recorded.get(str(message.id))
        if look is None and first is not None and known_as_new(unit, first.message, message):
            unit.books.inbox.pop(str(message.id), None)
        right(self, message, unit, left, look)

    return wrong


@bug(Handling, "one", seed=1)
def _deduplication_by_transmission(right: Right) -> Right:
    return _forgets(right, lambda _, first, again: first.transmission != again.transmission)


@bug(Handling, "one", seed=1)
def _deduplication_in_a_bounded_window(right: Right) -> Right:
    def is_over(unit: Any, _first: Message, again: Message) -> bool:
        handled_at = unit.books.handled_at[str(again.id)]
        return bool(unit.opened_at - handled_at > WINDOW)

    return _forgets(right, is_over)


@bug(Handling, "one", seed=1)
def _deduplication_by_the_clock(right: Right) -> Right:
    return _forgets(
        right, lambda _, first, again: again.accepted_at - first.accepted_at > WINDOW / 3
    )


@bug(MemoryStore, "woken", seed=12)
def _a_waiting_message_is_dropped_when_it_is_woken(right: Right) -> Right:
    def wrong(self: Any, *given: Any) -> Any:
        woken = right(self, *given)
        if woken:
            self.database.change("waiting", {str(one.message.id): None for one in woken})
        return woken

    return wrong


@bug(memory_store, "LEASE_SECONDS", seed=12)
def _what_is_lent_is_never_lent_again(_right: Right) -> Any:
    return LONG_SECONDS


@bug(Inbox, "_singly", seed=0)
def _a_rerun_skips_one_message(right: Right) -> Right:
    return lambda self, messages: right(self, messages[1:])


@bug(MemoryUnit, "park", seed=3)
def _a_parked_message_is_not_kept(_right: Right) -> Right:
    return lambda *_: None


@bug(MemoryUnit, "savepoint", seed=1)
def _a_refusal_undoes_nothing(_right: Right) -> Right:
    @contextmanager
    def wrong(_self: Any) -> Iterator[None]:
        yield

    return wrong


@bug(Turns, "of", seed=11)
def _later_ones_overtake_one_that_is_kept(_right: Right) -> Right:
    return lambda *_, **__: FREE


@bug(Turns, "stand", seed=11)
def _one_that_is_kept_has_no_place_in_line(_right: Right) -> Right:
    return lambda *_: None


@bug(Turns, "_is_held_up", seed=21)
def _two_stand_behind_each_other_by_turns(_right: Right) -> Right:
    return lambda *_: True
