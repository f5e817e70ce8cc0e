"""After a restore: what workers' journals have and the database has not is handled once more.

Through the ordinary inbox, so once; in the order in which it was handled before; and without a
reply, for nobody waits. Then each outcome is held against what was decided before: what came
out otherwise is named, for somebody may have been told.
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from adapters.database import Decided, InboxStore, Journals, Took
from adapters.database.journal import HANDLED
from adapters.database.tables import inside_book
from adapters.xml import Schemas, parse
from hub.envelope import Message, RequestId
from hub.inbox import Inbox
from hub.messages import destination, message_type
from hub.ports import Answer, InboxEntry, InboxState

TOGETHER_MAX = 50


class Levelled(enum.StrEnum):
    """What became of a request of the journals.

    KNOWN: the database has it, as it was decided. ALIKE: it was missing, and was decided as
    before. OTHERWISE: it is decided, but not as before. OPEN: it waits, or is kept. UNSAID: it
    was missing and is decided now; what was decided before no journal says.
    """

    KNOWN = "known"
    ALIKE = "alike"
    OTHERWISE = "otherwise"
    OPEN = "open"
    UNSAID = "not known what was said"


class Named(NamedTuple):
    """A request that could not be brought level: what was decided before, and now."""

    request: str
    became: Levelled
    before: str
    now: str


@dataclass(slots=True)
class Result:
    """What a replay came to: ``transmissions`` are repeats that the inside book has again."""

    counts: dict[Levelled, int] = field(default_factory=lambda: dict.fromkeys(Levelled, 0))
    named: list[Named] = field(default_factory=list)
    transmissions: int = 0

    @property
    def fine(self) -> bool:
        """Whether everything is level."""
        return not self.named


class Earlier:
    """What was decided before the restore, by request; the last word counts."""

    def __init__(self) -> None:
        self.decided: dict[str, Decided] = {}

    def __call__(self, request: RequestId) -> Answer | None:
        """Return what was answered to a request."""
        found = self.decided.get(str(request))
        return None if found is None else found.answer


class Replay:
    """Handles what is missing, of every application that shares the database."""

    def __init__(
        self,
        store: InboxStore,
        schemas: Schemas,
        inboxes: Mapping[str, Inbox],
        earlier: Earlier,
    ) -> None:
        """``inboxes`` by application, built with ``earlier``."""
        self._store = store
        self._schemas = schemas
        self._inboxes = inboxes
        self._earlier = earlier

    def run(self, journals: Journals) -> Result:
        """Bring the database level; what is known already is left as it is."""
        result, missing, asked = Result(), set[str](), dict[str, None]()
        for line in journals.lines():
            if isinstance(line, Decided):
                self._earlier.decided[line.request] = line
        lines = in_order(journals)
        while some := list(islice(lines, TOGETHER_MAX)):
            firsts = self._missing(some)
            missing |= {str(message.id) for message in firsts}
            asked |= dict.fromkeys(str(one.message.id) for one in some if one.what in HANDLED)
            self._handle(firsts)
            result.transmissions += self._take(some)
        for request in asked:
            self._hold(request, result, was_missing=request in missing)
        return result

    def _missing(self, some: Sequence[Took]) -> list[Message]:
        """Return the firsts that the database does not know, each once."""
        found: dict[RequestId, Message] = {}
        with self._store.reading() as unit:
            for message in (one.message for one in some if one.what in HANDLED):
                if message.id not in found and unit.entry(message.id) is None:
                    found[message.id] = message._replace(reply_to="")
        return list(found.values())

    def _handle(self, messages: Sequence[Message]) -> None:
        for inbox, some in self._by_application(messages):
            inbox.handle(some)

    def _by_application(
        self, messages: Sequence[Message]
    ) -> Iterator[tuple[Inbox, list[Message]]]:
        by_name: dict[str, list[Message]] = {}
        for message in messages:
            row = message_type(message.type)
            by_name.setdefault(destination(row, message.id.operation), []).append(message)
        for name, some in by_name.items():
            yield self._inboxes[name], some

    def _take(self, some: Sequence[Took]) -> int:
        """Write into the inside book the repeats that it has not; return how many."""
        with self._store.unit() as unit:
            missing = [
                one for one in some if one.what not in HANDLED and not _is_booked(unit, one)
            ]
            for one in missing:
                unit.take(one.message, one.what)
        return len(missing)

    def _hold(self, request: str, result: Result, *, was_missing: bool) -> None:
        with self._store.reading() as unit:
            entry = unit.entry(RequestId.parse(request))
        before = self._earlier.decided.get(request)
        became = self._became(entry, before, was_missing=was_missing)
        result.counts[became] += 1
        if became not in (Levelled.KNOWN, Levelled.ALIKE):
            now = "not kept" if entry is None else entry.outcome_code or entry.state.value
            said = "" if before is None else before.code
            result.named.append(Named(request, became, said, now))

    def _became(
        self, entry: InboxEntry | None, before: Decided | None, *, was_missing: bool
    ) -> Levelled:
        if entry is None or entry.state is not InboxState.HANDLED:
            return Levelled.OPEN if was_missing or before is not None else Levelled.KNOWN
        if before is None:
            return Levelled.UNSAID if was_missing else Levelled.KNOWN
        if not self._alike(entry, before):
            return Levelled.OTHERWISE
        return Levelled.ALIKE if was_missing else Levelled.KNOWN

    def _alike(self, entry: InboxEntry, before: Decided) -> bool:
        if entry.outcome_code != before.code:
            return False
        if entry.answer is None or entry.answer.type == "Refused.1":
            return True  # pruned; or the same refusal, whatever figures it names
        now, then = (self._timeless(answer) for answer in (entry.answer, before.answer))
        return bool(now == then)

    def _timeless(self, answer: Answer) -> Any:
        return _without_times(self._schemas.values(parse(answer.body)))


def in_order(journals: Journals) -> Iterator[Took]:
    """Yield each request where it was decided, behind what it waited for; repeats as they came.

    What no journal says the outcome of comes last.
    """
    waiting: dict[str, Took] = {}
    for line in journals.lines():
        if isinstance(line, Decided):
            found = waiting.pop(line.request, None)
            if found is not None:
                yield found
        elif line.what in HANDLED:
            waiting[str(line.message.id)] = line
        else:
            yield line
    yield from waiting.values()


def _is_booked(unit: Any, one: Took) -> bool:
    book, sent = inside_book.c, one.message.transmission
    found = sa.select(book.number).where(
        book.origin == sent.origin, book.boot == sent.boot, book.sequence == sent.sequence
    )
    return unit.connection.execute(found).first() is not None


def _without_times(value: Any) -> Any:
    """Return values without moments: when a hold ends is counted from when it was handled."""
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if not isinstance(one, datetime)}
        return {name: _without_times(one) for name, one in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_times(one) for one in value]
    return value
