"""The whole story of one request: what the bridge has of it, and what each application tells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, first, kept_proofs
from adapters.database.tables import inbox, inside_book, waiting
from adapters.soap.proof import read_proof
from hub.envelope import Hop, read_hops
from hub.messages import MESSAGES
from hub.ports import InboxState, Taken
from internal_apps.telling import BAD, GOOD, WAITS, Event, Fact, Source

DONE = "DONE"
# Of one request: whoever sends it for ever has its first thousand transmissions shown.
LINES_MAX = 1_000
SIGNATURE = "signature"


def sentence(text: str) -> str:
    """Mark a text for translation; the page translates it."""
    return text


ACCEPTED = sentence("accepted, and confirmed by the broker")
PASSED = sentence("passed on")
COMMITTED = sentence("handled and committed: %(outcome)s")
REPLIED = sentence("reply sent")
UNFINISHED = {
    InboxState.WAITING: sentence("waits for what it names, which is not there yet"),
    InboxState.RETRIED: sentence("failed %(attempts)s times so far, and is tried again"),
    InboxState.BEHIND: sentence("waits behind an earlier request that is kept"),
    InboxState.PAUSED: sentence("kept while its route, agency or gateway is paused"),
    InboxState.PARKED: sentence("failed %(attempts)s times, and is kept for a person"),
}
TAKEN = {
    Taken.FIRST: sentence("taken up inside"),
    Taken.REPEAT: sentence("the same request came again, and was told the same"),
    Taken.REUSED: sentence("the reference came again with other values, and was refused"),
    Taken.PARKED: sentence("taken up inside, and failed by itself"),
    Taken.QUARANTINED: sentence("refused by the worker, and kept in the quarantine inside"),
}
_MARKS = {Taken.REUSED: BAD, Taken.PARKED: BAD, Taken.QUARANTINED: BAD}
DUE = sentence("Looked at again")
SIGNED = sentence("Signed with the certificate")


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a request; of one that never came in only what others tell.

    ``traces``: the trace ids of its transmissions, the first first. ``events`` by their time.
    """

    request: str
    type: str
    state: str
    outcome: str
    subject: str
    sign_in: str
    operator: str
    traces: Sequence[str]
    transmissions: Sequence[str]
    hops: Sequence[Hop]
    handled_at: datetime | None
    signed_by: str
    facts: Sequence[Fact]
    events: Sequence[Event]

    @property
    def is_done(self) -> bool:
        """Whether it took effect."""
        return self.outcome == DONE


def story(database: Database, request: str, sources: Sequence[Source], now: datetime) -> Story:
    """Return the story of a request; ``sources`` tell what they know of it."""
    with database.reading() as connection:
        row = connection.execute(sa.select(inbox).where(inbox.c.request_id == request)).first()
        book = sa.select(inside_book).where(inside_book.c.request_id == request)
        lines = connection.execute(
            first(connection, book.order_by(inside_book.c.number), LINES_MAX)
        ).all()
        due = connection.execute(
            sa.select(waiting.c.deadline).where(waiting.c.request_id == request)
        ).scalar()
    told = [source.tell(database, request, now) for source in sources]
    events = [
        *_way_in(row),
        *_of_lines(lines, row),
        *_ending(row),
        *(one for each in told for one in each.events),
    ]
    signed_by = _signed_by(database, request, row)
    facts = [*_own_facts(due, signed_by), *(one for each in told for one in each.facts)]
    return Story(
        request=request,
        type=row.type if row else "",
        state=row.state if row else "",
        outcome=row.outcome_code if row else "",
        subject=row.subject if row else "",
        sign_in=row.sign_in if row else "",
        operator=row.operator if row else "",
        traces=list(dict.fromkeys(line.trace for line in lines if line.trace)),
        transmissions=list(dict.fromkeys(_transmission(line) for line in lines)),
        hops=read_hops(row.hops) if row else (),
        handled_at=row.handled_at if row else None,
        signed_by=signed_by,
        facts=facts,
        events=sorted(events, key=lambda event: event.at),
    )


def _way_in(row: sa.Row[Any] | None) -> Iterator[Event]:
    """Yield the way of the request up to the inside."""
    if row is None:
        return
    sent = _transmission(row)
    yield Event(row.accepted_at, row.origin, ACCEPTED, transmission=sent)
    for hop in read_hops(row.hops):
        if hop.place != row.origin:
            yield Event(hop.at, hop.place, PASSED, transmission=sent)


def _ending(row: sa.Row[Any] | None) -> Iterator[Event]:
    """Yield what became of the request so far."""
    if row is None:
        return
    state = InboxState(row.state)
    if state is InboxState.HANDLED:
        mark = GOOD if row.outcome_code == DONE else BAD
        outcome = {"outcome": row.outcome_code}
        yield Event(row.handled_at, _application(row), COMMITTED, outcome, mark=mark)
    else:
        mark = BAD if state is InboxState.PARKED else WAITS
        attempts = {"attempts": str(row.attempts or 0)}
        yield Event(row.handled_at, _application(row), UNFINISHED[state], attempts, mark=mark)
    if row.replied_at is not None:
        yield Event(row.replied_at, _application(row), REPLIED)


def _of_lines(lines: Sequence[sa.Row[Any]], row: sa.Row[Any] | None) -> Iterator[Event]:
    """Yield when each transmission was taken in, and what it was."""
    for line in lines:
        what = Taken(line.what)
        at = row.taken_at if row and what is Taken.FIRST else line.taken_at
        mark, sent = _MARKS.get(what, ""), _transmission(line)
        yield Event(at, _application(line), TAKEN[what], mark=mark, transmission=sent)


def _application(row: sa.Row[Any]) -> str:
    return next((one.application for one in MESSAGES if one.key == row.type), "")


def _transmission(row: sa.Row[Any]) -> str:
    return f"{row.origin}.{row.boot}.{row.sequence}"


def _own_facts(due: datetime | None, signed_by: str) -> Iterator[Fact]:
    if due is not None:
        yield Fact(DUE, due.isoformat(timespec="seconds"))
    if signed_by:
        yield Fact(SIGNED, signed_by)


def _signed_by(database: Database, request: str, row: sa.Row[Any] | None) -> str:
    if row is None or SIGNATURE not in row.sign_in:
        return ""
    kept = kept_proofs(database, [request]).get(request)
    return "" if kept is None else read_proof(kept.proof).fingerprint
