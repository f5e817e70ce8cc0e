"""Feeds: each of their bookings becomes the request that it would be by itself.

It waits in the inbox until its part is committed, and is woken then: so it has its own outcome,
its turn, its retries, and comes it by a feed and again by any way, it takes effect once. What
became of a feed is not kept but read: from what the inbox knows of each of its bookings.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from adapters.database import InboxStore, SqlUnit, first
from adapters.database.tables import inbox, reused
from adapters.xml import Schemas
from hub.envelope import Message, RequestId
from hub.handling import Handled
from hub.messages import TICKETING
from hub.ports import Answer, InboxEntry, InboxState, Unit
from hub.refusals import REFERENCE_REUSED
from internal_apps import answering
from internal_apps.answering import DONE, sql_unit
from internal_apps.ticketing import refusals
from internal_apps.ticketing.answers import Answers
from internal_apps.ticketing.refusals import no
from internal_apps.ticketing.tables import feed_bookings, feeds

PLACE, FEED_PART = "PlaceBooking", "FeedPart"
_PLACE_ELEMENT = f"{{{TICKETING}}}{PLACE}"
REFUSED_MAX = 100
_JOINED = feed_bookings.join(inbox, inbox.c.request_id == feed_bookings.c.request_id)


class Feeds:
    """The request that brings a part of a feed, and the question for a feed."""

    def __init__(self, store: InboxStore, schemas: Schemas, answers: Answers) -> None:
        self._store, self._schemas, self._answers = store, schemas, answers

    def part(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Have each booking handled once this is committed, as if it had come by itself.

        What is known is left alone; a position that holds another booking is refused.
        """
        values = answering.values(self._schemas, message)
        feed, sql, subject = values["FeedReference"], sql_unit(unit), f"feed:{message.id}"
        if "Totals" in values:
            _close(sql, message.id.sender, feed, values["Totals"])
        items = values.get("Booking", ())
        known = _known(sql, message.id.sender, feed, values["First"], len(items))
        for position, item in enumerate(items, values["First"]):
            placed = self._as_placed(message, item)
            digest = self._schemas.digest(_PLACE_ELEMENT, placed.body)
            if known.get(position, digest) != digest:
                raise no(refusals.FEED_REUSED)
            if position in known:
                continue
            row = {"sender": message.id.sender, "feed": feed, "position": position}
            sql.add(feed_bookings, {**row, "request_id": str(placed.id), "digest": digest})
            if sql.entry(placed.id) is None:
                waiting = InboxEntry(placed.id, digest, InboxState.WAITING, None, "")
                sql.record(placed, waiting, now)
                sql.wait(placed, subject, now)
        answer = self._answers.feed_done(message.id)
        return Handled(answer, DONE, changed=(subject,), keeps_body=False)

    def state(self, message: Message) -> Answer:
        """Say how far a feed is, and which of its bookings were refused."""
        values = answering.values(self._schemas, message)
        with self._store.reading() as unit:
            said = _state(unit.connection, message.id.sender, values)
        if said is None:
            return answering.refused(refusals.NO_SUCH_FEED)
        return answering.answer(self._schemas, "GetFeedResponse.1", **said)

    def _as_placed(self, message: Message, item: Mapping[str, Any]) -> Message:
        return message._replace(
            type=f"{PLACE}.1",
            id=RequestId(message.id.sender, PLACE, item["RequestReference"]),
            body=self._schemas.write(_PLACE_ELEMENT, item),
            reply_to="",
        )


def _known(
    unit: SqlUnit, sender: str, feed: str, first_position: int, count: int
) -> dict[int, str]:
    unit.write()
    at = feed_bookings.c
    statement = sa.select(at.position, at.digest).where(
        *_of(sender, feed), at.position.between(first_position, first_position + count - 1)
    )
    return {row.position: row.digest for row in unit.connection.execute(statement)}


def _close(unit: SqlUnit, sender: str, feed: str, totals: Mapping[str, Any]) -> None:
    unit.write()
    before = _totals(unit.connection, sender, feed)
    if before is None:
        row = {"bookings": totals["Count"], "digest": totals["Digest"]}
        unit.add(feeds, {"sender": sender, "feed": feed, **row})
    elif tuple(before) != (totals["Count"], totals["Digest"]):
        raise no(refusals.FEED_REUSED)


def _of(sender: str, feed: str) -> tuple[sa.ColumnElement[bool], ...]:
    return feed_bookings.c.sender == sender, feed_bookings.c.feed == feed


def _totals(connection: sa.Connection, sender: str, feed: str) -> Any:
    statement = sa.select(feeds.c.bookings, feeds.c.digest).where(
        feeds.c.sender == sender, feeds.c.feed == feed
    )
    return connection.execute(statement).first()


def _state(
    connection: sa.Connection, sender: str, asked: Mapping[str, Any]
) -> dict[str, Any] | None:
    feed = asked["FeedReference"]
    totals = _totals(connection, sender, feed)
    counts = _counts(connection, sender, feed)
    known = sum(counts.values())
    if totals is None and not known:
        return None
    said = {"FeedReference": feed, "Known": known, "Done": counts["done"]}
    said |= {"Pending": counts["pending"], "RefusedCount": counts["refused"]}
    said["Refused"] = _refused(connection, sender, feed, asked.get("After", 0))
    if _disputed(connection, sender, feed):
        return {**said, "Status": "DIFFERS"}
    if totals is None:
        return {**said, "Status": "OPEN"}
    said |= {"Count": totals[0], "Missing": max(0, totals[0] - known)}
    if known < totals[0]:
        return {**said, "Status": "UNDER_WAY"}
    if _digest(connection, sender, feed) != totals[1]:
        return {**said, "Status": "DIFFERS"}
    return {**said, "Status": "UNDER_WAY" if counts["pending"] else "COMPLETE"}


def _disputed(connection: sa.Connection, sender: str, feed: str) -> bool:
    """Return whether a part was refused, or came again with other bookings."""
    parts = f"{sender}/{FEED_PART}/{feed}."
    refused = sa.select(inbox.c.request_id).where(
        inbox.c.request_id.startswith(parts, autoescape=True),
        inbox.c.state == InboxState.HANDLED.value,
        inbox.c.outcome_code != DONE,
    )
    other = sa.select(reused.c.request_id).where(
        reused.c.request_id.startswith(parts, autoescape=True)
    )
    return any(connection.execute(first(connection, one, 1)).first() for one in (refused, other))


def _counts(connection: sa.Connection, sender: str, feed: str) -> dict[str, int]:
    """Return how many bookings are done, refused and pending."""
    same = feed_bookings.c.digest == inbox.c.digest
    of_feed = sa.select(inbox.c.state, inbox.c.outcome_code, sa.func.count().label("many"))
    of_feed = of_feed.select_from(_JOINED).where(*_of(sender, feed))
    counts = {"done": 0, "refused": 0, "pending": 0}
    grouped = of_feed.where(same).group_by(inbox.c.state, inbox.c.outcome_code)
    for row in connection.execute(grouped):
        handled = row.state == InboxState.HANDLED.value
        what = "pending" if not handled else "done" if row.outcome_code == DONE else "refused"
        counts[what] += int(row.many)
    # Under that reference something else had been asked for.
    other = sa.select(sa.func.count()).select_from(_JOINED).where(*_of(sender, feed), ~same)
    counts["refused"] += int(connection.execute(other).scalar_one())
    return counts


def _refused(
    connection: sa.Connection, sender: str, feed: str, after: int
) -> Sequence[dict[str, Any]]:
    same = feed_bookings.c.digest == inbox.c.digest
    handled = sa.and_(inbox.c.state == InboxState.HANDLED.value, inbox.c.outcome_code != DONE)
    statement = (
        sa.select(
            feed_bookings.c.position,
            feed_bookings.c.request_id,
            feed_bookings.c.digest,
            inbox.c.digest.label("handled_as"),
            inbox.c.outcome_code,
        )
        .select_from(_JOINED)
        .where(*_of(sender, feed), feed_bookings.c.position > after, sa.or_(~same, handled))
        .order_by(feed_bookings.c.position)
    )
    rows = connection.execute(first(connection, statement, REFUSED_MAX))
    return [
        {
            "Position": row.position,
            "RequestReference": row.request_id.rpartition("/")[2],
            "Code": row.outcome_code if row.digest == row.handled_as else REFERENCE_REUSED.code,
        }
        for row in rows
    ]


def _digest(connection: sa.Connection, sender: str, feed: str) -> str:
    whole = sha256()
    statement = (
        sa.select(feed_bookings.c.request_id)
        .where(*_of(sender, feed))
        .order_by(feed_bookings.c.position)
    )
    for request_id in connection.execute(statement).scalars():
        whole.update(f"{request_id.rpartition('/')[2]}\n".encode())
    return whole.hexdigest()
