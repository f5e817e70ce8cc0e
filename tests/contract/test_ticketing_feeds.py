"""Feeds inside, on SQLite, PostgreSQL and Db2's driver: each booking once, totals compared."""

import itertools
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database
from adapters.database.tables import BODY, inbox_parts, outbox
from hub.envelope import Message, RequestId
from hub.messages import FEEDS
from internal_apps.ticketing.feeds import Feeds
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import AGENT, STANDARD_DAY, Said, World, booking_values

_WORLDS = itertools.count(1)


class FeedWorld(World):
    """A worker that takes feeds too."""

    def __init__(self, database: Database, name: str) -> None:
        super().__init__(database, name=name)
        self.feed = f"F-{name}"
        self.feeds = Feeds(self.store, self.schemas, self.answers)
        self.by_type["FeedPart.1"] = self.feeds.part

    def part(self, first: int, *items: dict[str, Any], **more: Any) -> Message:
        """Return a part of the feed as it arrives inside."""
        values = {"FeedReference": self.feed, "First": first, "Booking": items, **more}
        return self.question(AGENT)._replace(
            type="FeedPart.1",
            id=RequestId(AGENT, "FeedPart", f"{self.feed}.{first}"),
            body=self.schemas.write(f"{{{FEEDS}}}FeedPart", values),
            reply_to="replies.gateway-1.b",
        )

    def state(self, after: int = 0) -> Said:
        """Ask how far the feed is."""
        body = self.schemas.write(
            f"{{{FEEDS}}}GetFeed", {"FeedReference": self.feed, "After": after}
        )
        answer = self.feeds.state(self.question(AGENT)._replace(body=body))
        return self.read(answer.type, answer.body)

    def counts(self) -> tuple[Any, ...]:
        """Return status, known, done, refused, pending and missing."""
        values = self.state().values
        names = ("Status", "Known", "Done", "RefusedCount", "Pending", "Missing")
        return tuple(values.get(name) for name in names)


@pytest.fixture
def world(ticketing_database: Database) -> FeedWorld:
    """Offer a worker on each database; its feed is its own, and so is what it says."""
    made = FeedWorld(ticketing_database, f"X{next(_WORLDS)}")
    with ticketing_database.begin() as connection:
        connection.execute(outbox.update().values(sent_at=made.clock.now()))
    return made


def item(world: FeedWorld, number: int, **changes: Any) -> dict[str, Any]:
    """Return a booking of a feed."""
    return {"RequestReference": f"{world.feed}-{number}", **booking_values(**changes)}


def totals(*items: dict[str, Any]) -> dict[str, Any]:
    """Return the totals of a feed."""
    text = "".join(f"{one['RequestReference']}\n" for one in items)
    return {"Totals": {"Count": len(items), "Digest": sha256(text.encode()).hexdigest()}}


def test_each_booking_has_its_own_outcome_and_the_totals_are_compared(world: FeedWorld) -> None:
    """What is refused is named with its reason and harms no other; what is missing is counted."""
    items = [item(world, number) for number in range(4)]
    items[2] = item(world, 2, ticket_type="NOTHING")
    assert world.state().code == "NO_SUCH_FEED"
    world.handle(world.part(1, *items[:2]))
    assert world.counts() == ("OPEN", 2, 2, 0, 0, None)
    world.handle(world.part(4, items[3], **totals(*items)))
    assert world.counts() == ("UNDER_WAY", 3, 3, 0, 0, 1)
    world.handle(world.part(3, items[2]))
    assert world.counts() == ("COMPLETE", 4, 3, 1, 0, 0)
    refused = {"Position": 3, "RequestReference": f"{world.feed}-2", "Code": "UNKNOWN_TICKET_TYPE"}
    assert world.state().values["Refused"] == [refused]
    assert "Refused" not in world.state(after=3).values
    assert unbalanced(world.database) == []


def test_a_part_that_comes_again_changes_nothing(world: FeedWorld) -> None:
    """However it is cut: the same bookings under the same positions are the same feed."""
    items = [item(world, number) for number in range(3)]
    first = world.part(1, *items)
    said = world.handle(first, first)
    assert [one.type for one in said] == ["FeedPartResponse.1"] * 2
    world.handle(world.part(2, *items[1:], **totals(*items)))
    assert world.counts() == ("COMPLETE", 3, 3, 0, 0, 0)
    assert unbalanced(world.database) == []


def test_what_was_asked_for_by_itself_is_not_done_again_by_a_feed(world: FeedWorld) -> None:
    """Nor the other way round; under a used reference something else is refused."""
    reference = f"{world.feed}-0"
    assert world.ask("PlaceBooking", booking_values(), reference=reference).code == "DONE"
    other = f"{world.feed}-1"
    assert world.ask("PlaceBooking", booking_values(3), reference=other).code == "DONE"
    items = [item(world, number) for number in range(3)]
    world.handle(world.part(1, *items, **totals(*items)))
    assert world.counts() == ("COMPLETE", 3, 2, 1, 0, 0)
    (refused,) = world.state().values["Refused"]
    assert (refused["RequestReference"], refused["Code"]) == (other, "REFERENCE_REUSED")
    again = world.ask("PlaceBooking", booking_values(), reference=f"{world.feed}-2")
    assert again.code == "DONE"
    assert unbalanced(world.database) == []


def test_other_bookings_under_a_used_feed_reference_are_refused_and_seen(world: FeedWorld) -> None:
    """Be it the same part with other values, or another cut: nothing of it is done."""
    items = [item(world, number) for number in range(2)]
    world.handle(world.part(1, *items, **totals(*items)))
    assert world.counts()[0] == "COMPLETE"
    changed = item(world, 1, quantity=5)
    (said,) = world.handle(world.part(1, items[0], changed))
    assert said.code == "REFERENCE_REUSED"
    (said,) = world.handle(world.part(2, changed))
    assert said.code == "FEED_REUSED"
    assert world.counts() == ("DIFFERS", 2, 2, 0, 0, None)


def test_totals_that_do_not_fit_are_seen(world: FeedWorld) -> None:
    """As many bookings, and others."""
    items = [item(world, number) for number in range(2)]
    world.handle(world.part(1, *items, **totals(items[1], items[0])))
    assert world.counts() == ("DIFFERS", 2, 2, 0, 0, 0)


def test_the_document_of_a_part_is_kept_with_its_bookings_alone(world: FeedWorld) -> None:
    """Whom a booking is for is forgotten with it, and stands nowhere else."""
    part = world.part(1, item(world, 0, day=STANDARD_DAY))
    world.handle(part)
    with world.store.reading() as unit:
        statement = sa.select(inbox_parts.c.text).where(
            inbox_parts.c.request_id == str(part.id), inbox_parts.c.kind == BODY
        )
        kept = "".join(unit.connection.execute(statement).scalars())
    assert kept.strip() == ""
