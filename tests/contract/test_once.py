"""Once for ever, on SQLite, PostgreSQL and Db2's driver: after pruning and a year, in a race."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database, Pruning, kept_proofs, reused_references
from adapters.database.reused import REUSED_MAX
from adapters.database.tables import ANSWER, BODY, PROOF, inbox_parts
from hub.envelope import Message, Transmission
from hub.ports import InboxEntry, InboxState
from internal_apps.ticketing.history import history
from tests.contract.between import before_it_commits
from tests.contract.rush import handled
from tests.unit.hub_world import CountedMetrics
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import Said, World, booking_values

_NUMBERS = itertools.count(1)
KEPT = timedelta(days=400)
OPERATIONS = ("PlaceBooking", "ChangeBooking", "ConfirmBooking", "CancelBooking")


@pytest.fixture
def world(ticketing_database: Database) -> Iterator[World]:
    """Offer a worker on each database."""
    url = ticketing_database.url.render_as_string(hide_password=False)
    made = World(Database(url, lock_wait_seconds=20), name=f"O{next(_NUMBERS)}")
    yield made
    made.database.close()


def again(message: Message, sequence: int = 1, **changes: Any) -> Message:
    """Return the same request through another gateway."""
    return message._replace(transmission=Transmission("gateway-2", "b2", sequence), **changes)


def with_other_values(world: World, message: Message, sequence: int) -> Message:
    """Return another request under the same reference, through another gateway."""
    reference, values = message.id.reference, booking_values(quantity=2 + sequence)
    other = world.message("PlaceBooking", values, reference=reference)
    return again(message, sequence, body=other.body)


def pruned(
    world: World,
    operations: tuple[str, ...] = OPERATIONS,
    kinds: tuple[str, ...] = (BODY, ANSWER),
) -> CountedMetrics:
    """Prune what is older than KEPT, until nothing is left to do."""
    metrics = CountedMetrics()
    pruning = Pruning(
        world.database,
        world.clock,
        metrics,
        kept=dict.fromkeys(kinds, KEPT),
        operations=operations,
    )
    # One look a minute at least: more than it takes whatever other tests have left here.
    for _ in range(50):
        pruning()
    return metrics


def parts(world: World, message: Message) -> set[str]:
    """Return which kinds of parts are kept of a request."""
    statement = sa.select(inbox_parts.c.kind).where(inbox_parts.c.request_id == str(message.id))
    with world.database.reading() as connection:
        return set(connection.execute(statement).scalars())


def answered(world: World, message: Message) -> tuple[Said, Said, Said]:
    """Return what a repeat, GetOutcome and GetBooking with AnswerTo are told."""
    (said,) = handled(world, [message])
    operation, reference = message.id.operation, message.id.reference
    asked = {"Operation": operation, "RequestReference": reference}
    return said, world.outcome(message), world.get({"AnswerTo": asked})


def test_a_repeat_after_a_year_has_the_outcome_though_its_answer_was_pruned(world: World) -> None:
    """DONE with the booking as it is by then and says so; a refusal keeps its code; no effect."""
    place = world.message("PlaceBooking", booking_values())
    (placed,) = world.handle(place)
    confirm = world.message("ConfirmBooking", {"PlacedAs": place.id.reference, "Version": 1})
    late = world.message("CancelBooking", {"PlacedAs": place.id.reference, "Version": 1})
    assert [said.code for said in world.handle(confirm, late)] == ["DONE", "VERSION_CONFLICT"]
    world.clock.move(days=401)
    pruned(world)
    assert [parts(world, one) for one in (place, confirm, late)] == [set()] * 3
    for told in answered(world, again(place, accepted_at=world.clock.now())):
        assert told.code == "DONE"
        assert told.values["RequestReference"] == place.id.reference
        assert told.booking["BookingReference"] == placed.booking["BookingReference"]
        assert (told.booking["Version"], told.booking["State"]) == (2, "CONFIRMED")
        assert told.values["BookingAsOf"] == world.clock.now()
    for told in answered(world, again(late)):
        assert told.refusal is not None
        assert told.code == "VERSION_CONFLICT"
        assert told.refusal.sentence_en.startswith("The booking is at version …;")
    assert unbalanced(world.database) == []


def test_other_values_are_refused_and_recorded_however_late(world: World) -> None:
    """Each sending once, with when, both digests and its transmission; also after pruning."""
    place = world.message("PlaceBooking", booking_values())
    (placed,) = world.handle(place)
    early, late = (with_other_values(world, place, number) for number in (1, 2))
    assert world.handle(early, early)[0].code == "REFERENCE_REUSED"
    world.clock.move(days=401)
    pruned(world)
    assert world.handle(late)[0].code == "REFERENCE_REUSED"
    assert world.handle(early)[0].code == "REFERENCE_REUSED"
    subject = placed.booking["BookingReference"]
    found = reused_references(world.database, subject=subject)
    element = "{urn:lupu:ticketing:1}PlaceBooking"
    assert [(one.transmission, one.digest) for one in found] == [
        (str(sent.transmission), world.schemas.digest(element, sent.body))
        for sent in (late, early)
    ]
    digest = world.schemas.digest(element, place.body)
    assert {one.digest_of_first for one in found} == {digest}
    assert found[0].refused_at == world.clock.now()
    assert reused_references(world.database, since=world.clock.now(), subject=subject) == found[:1]
    booking = history(world.database, subject)
    assert booking is not None
    assert booking.steps[0].reused == found


def test_who_asks_about_other_values_is_not_told_the_first_ones_outcome(world: World) -> None:
    """A repeat of them becomes a question too, and is refused as they themselves were."""
    place = world.message("PlaceBooking", booking_values())
    other = with_other_values(world, place, 1)
    assert world.outcome(other).type == "NotKnownYet.1"
    assert [said.code for said in world.handle(place, other)] == ["DONE", "REFERENCE_REUSED"]
    assert world.outcome(place).code == "DONE"
    assert world.outcome(other).code == "REFERENCE_REUSED"


def test_a_loop_of_other_values_fills_no_table(world: World) -> None:
    """Of one request so many are recorded; the others are refused all the same."""
    place = world.message("PlaceBooking", booking_values())
    (placed,) = world.handle(place)
    other = with_other_values(world, place, 1)
    sent = [again(other, number) for number in range(1, REUSED_MAX + 6)]
    assert {said.code for said in world.handle(*sent)} == {"REFERENCE_REUSED"}
    subject = placed.booking["BookingReference"]
    assert len(reused_references(world.database, subject=subject)) == REUSED_MAX


def test_what_is_open_or_young_or_anothers_is_not_pruned(world: World) -> None:
    """A parked request keeps its body, a young one both parts, another application's its own."""
    old, parked = (world.message("PlaceBooking", booking_values()) for _ in range(2))
    world.handle(old)
    with world.store.unit() as unit:
        entry = InboxEntry(parked.id, "d" * 64, InboxState.PARKED, None, "")
        unit.park(parked, entry, "ValueError: a mistake of ours")
    world.clock.move(days=401)
    young = world.message("PlaceBooking", booking_values())
    world.handle(young)
    pruned(world, operations=("RegisterFind",))
    assert parts(world, old) == {BODY, ANSWER}
    metrics = pruned(world)
    assert [parts(world, one) for one in (old, parked, young)] == [set(), {BODY}, {BODY, ANSWER}]
    assert metrics.counts["lupu_inbox_pruned_total BODY"] >= 1
    assert pruned(world).counts == {}


def test_what_was_signed_is_kept_with_its_request_and_pruned_by_its_own(world: World) -> None:
    """Byte for byte, in any encoding; with one that is parked too; until its time is over."""
    proof = b"Content-Type: text/xml; charset=utf-16\r\n\r\n" + "<a>王</a>".encode("utf-16")
    place, parked = (
        world.message("PlaceBooking", booking_values())._replace(proof=proof) for _ in range(2)
    )
    world.handle(place)
    with world.store.unit() as unit:
        entry = InboxEntry(parked.id, "d" * 64, InboxState.PARKED, None, "")
        unit.park(parked, entry, "ValueError: a mistake of ours")
    kept = kept_proofs(world.database, [str(place.id), str(parked.id), "agent:1/PlaceBooking/X"])
    assert {key: one.proof for key, one in kept.items()} == {
        str(place.id): proof,
        str(parked.id): proof,
    }
    assert kept[str(place.id)].accepted_at == place.accepted_at
    world.clock.move(days=401)
    pruned(world)
    assert parts(world, place) == {PROOF}
    pruned(world, kinds=(PROOF,))
    assert (parts(world, place), parts(world, parked)) == (set(), {BODY, PROOF})


def test_two_gateways_race_with_one_reference(world: World) -> None:
    """Two workers take it at the same moment: one booking, and both gateways are told it."""
    url = world.database.url.render_as_string(hide_password=False)
    other = World(Database(url, lock_wait_seconds=20), name=f"O{next(_NUMBERS)}")
    place = world.message("PlaceBooking", booking_values())
    with before_it_commits(world.database, "inbox", lambda: handled(other, [again(place)])):
        handled(world, [place])
    replies = [reply for store in (world.store, other.store) for _, reply in store.unsent(10)]
    assert {reply.correlation for reply in replies} == {"gateway-2.b2.1", str(place.transmission)}
    assert len({reply.body for reply in replies}) == 1
    other.said()
    other.database.close()
    assert unbalanced(world.database) == []


def test_two_workers_record_one_sending_of_other_values_once(world: World) -> None:
    """A channel may deliver it twice, to two workers at the same moment."""
    url = world.database.url.render_as_string(hide_password=False)
    second = World(Database(url, lock_wait_seconds=20), name=f"O{next(_NUMBERS)}")
    place = world.message("PlaceBooking", booking_values())
    (placed,) = world.handle(place)
    other = with_other_values(world, place, 1)
    with before_it_commits(world.database, "reused", lambda: handled(second, [other])):
        handled(world, [other])
    subject = placed.booking["BookingReference"]
    assert len(reused_references(world.database, subject=subject)) == 1
    second.said()
    second.database.close()
