"""What a person does with parked messages, on SQLite, PostgreSQL and Db2's driver."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
import sqlalchemy as sa

from adapters.database import Database
from adapters.database.inbox_rows import read_kept
from hub.errors import InvalidBody, TryAgain
from hub.guard import BODY_BYTES_MAX
from hub.parking import End, Ended, Place
from hub.ports import InboxState
from internal_apps.parking.audit import Note
from internal_apps.parking.domain import Forbidden, Head, State, Wanted, What
from internal_apps.parking.tables import audit, audit_head, corrections
from internal_apps.previewing import Foreseen
from tests.unit.parking.world import ParkingWorld, bookings_of, with_name
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import booking_values

PARKED = Place.PARKED
BLANKS = b" " * BODY_BYTES_MAX


@pytest.fixture
def world(ticketing_database: Database) -> ParkingWorld:
    """Offer each database in turn."""
    return ParkingWorld(ticketing_database)


def test_what_is_parked_is_listed_by_reason_and_shown_with_its_original(
    world: ParkingWorld,
) -> None:
    """Since when, why, of which type and how large; the bytes and headers as they came."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    found = world.work.find(PARKED, Wanted(kind="ZeroDivisionError", type="PlaceBooking.1"))
    (kept,) = [one for one in found.kept if one.id == name]
    assert (kept.reason.sentence, kept.account) == ("a mistake of ours", "gateway-1")
    assert kept.size_bytes == len(message.body)
    assert "ZeroDivisionError" in [group.kind for group in found.groups]
    assert name not in [
        one.id for one in world.work.find(PARKED, Wanted(before=kept.kept_at)).kept
    ]
    assert world.work.find(PARKED, Wanted(kind="InvalidBody")).kept == []
    shown = world.work.open(PARKED, name, "wang").shown
    assert shown.wire is not None
    assert (shown.wire.body, shown.wire.message_id) == (message.body, name)
    assert world.facts(name) == [("wang", "viewed")]
    world.work.discard(PARKED, [name], why="a test", who="wang")


def test_a_replay_is_handled_once_and_a_repeat_gets_its_outcome(world: ParkingWorld) -> None:
    """After the mistake is mended; who asks for it again is too late."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    for end in (End.DONE, End.NOT_THERE):
        (ended,) = world.work.replay(PARKED, [name], why="mended", who="wang")
        assert ended.end is end
    world.later()
    said = world.worker.outcome(message)
    assert said.code == "DONE"
    # What earlier tests had somebody replay is answered at the same time.
    assert world.worker.said().count(said) == 1
    assert world.worker.handle(message) == [said]
    assert bookings_of(world, message.id.reference) == 1
    assert world.facts(name) == [("wang", "replay"), ("wang", "ended")]


def test_a_replay_that_fails_is_parked_again(world: ParkingWorld) -> None:
    """It is tried once, and its original stays."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    world.work.replay(PARKED, [name], why="perhaps", who="wang")
    world.taking.broken = True
    world.later()
    world.taking.broken = False
    assert world.state(message) is InboxState.PARKED
    world.work.discard(PARKED, [name], why="a test", who="wang")


@pytest.mark.parametrize("parked_again", [False, True])
def test_what_somebody_ends_while_it_is_read_is_read_whole_or_not_there(
    world: ParkingWorld, monkeypatch: pytest.MonkeyPatch, *, parked_again: bool
) -> None:
    """Whoever looks locks nothing, and is never shown pieces of what goes meanwhile."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    meanwhile = iter([True])

    def read(connection: sa.Connection, key: str, kind: str) -> str:
        if next(meanwhile, False):
            world.work.replay(PARKED, [name], why="mended", who="wang")
            world.taking.broken = parked_again
            world.later()
            world.taking.broken = False
        return read_kept(connection, key, kind)

    monkeypatch.setattr("adapters.database.parked.read_kept", read)
    shown = world.shelf.show(name)
    assert next(meanwhile, False) is False
    assert shown is not None or not parked_again
    if shown is not None:
        assert shown.wire is not None
        assert shown.wire.body == message.body
    world.work.discard(PARKED, [name], why="a test", who="wang")


def test_a_discard_is_a_final_refusal_that_the_sender_gets(world: ParkingWorld) -> None:
    """A repeat and GetOutcome are told so; what waits behind it goes on."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    behind = world.worker.message(
        "ConfirmBooking", {"PlacedAs": message.id.reference, "Version": 1}
    )
    assert world.worker.handle(behind) == []
    for end in (End.DONE, End.NOT_THERE):
        (ended,) = world.work.discard(PARKED, [name], why="forged", who="wang")
        assert ended.end is end
    assert world.worker.outcome(message).code == "DISCARDED"
    assert [said.code for said in world.worker.handle(message)][-1] == "DISCARDED"
    world.later()
    assert world.worker.outcome(behind).code == "NO_SUCH_BOOKING"
    assert bookings_of(world, message.id.reference) == 0


def test_a_discard_is_silent_where_no_reply_is_waited_for(world: ParkingWorld) -> None:
    """Who asked for none is sent none; GetOutcome still has the refusal."""
    message = world.worker.message("PlaceBooking", booking_values())._replace(reply_to="")
    name = world.park(message)
    world.work.discard(PARKED, [name], why="forged", who="wang")
    world.later(600)  # whoever left something to send has it taken over
    assert message.id not in [sent.id for _, sent in world.worker.store.unsent(1_000)]
    assert world.worker.outcome(message).code == "DISCARDED"


def test_a_preview_says_what_a_replay_would_do_and_does_nothing(world: ParkingWorld) -> None:
    """An outcome, a failure, or whom it would wait for: the real handler, undone."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    seen = world.work.preview(PARKED, name, "wang")
    assert (seen.foreseen, seen.code) == (Foreseen.OUTCOME, "DONE")
    assert bookings_of(world, message.id.reference) == 0
    assert world.state(message) is InboxState.PARKED
    assert unbalanced(world.database) == []
    too_many = message.body.replace(b"<Quantity>2<", b"<Quantity>9999<")
    number = world.work.propose(PARKED, name, too_many, why="a test", who="wang")
    assert world.work.preview(PARKED, name, "wang").code == "DONE"
    world.work.approve(number, "li")
    assert world.work.preview(PARKED, name, "wang").code == "QUANTITY_NOT_ALLOWED"
    world.work.discard(PARKED, [name], why="a test", who="wang")


def test_a_correction_needs_a_second_person_and_goes_with_the_replay(
    world: ParkingWorld,
) -> None:
    """The sender's repeat still matches; both bodies are kept, with who signed them."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    body = with_name(message.body, "王小明")
    number = world.work.propose(PARKED, name, body, why="the name was cut", who="wang")
    with pytest.raises(Forbidden, match="proposed"):
        world.work.approve(number, "wang")
    world.work.approve(number, "li")
    with pytest.raises(Forbidden, match="before"):
        world.work.approve(number, "zhao")
    world.work.replay(PARKED, [name], why="corrected", who="wang")
    world.later()
    (said,) = world.worker.said()
    assert said.booking["Contact"]["Name"] == "王小明"
    assert world.worker.handle(message) == [said]
    correction = world.work.corrections.find(number)
    assert correction is not None
    assert (correction.proposed_by, correction.decided_by) == ("wang", "li")
    assert correction.state is State.SENT
    assert world.work.corrections.body(number, "ORIGINAL") == message.body
    assert world.facts(name) == [
        ("wang", "proposed"),
        ("li", "approved"),
        ("wang", "replay"),
        ("wang", "ended"),
    ]


def test_the_database_itself_takes_no_approval_by_who_proposed(world: ParkingWorld) -> None:
    """Whoever goes past the program finds the same rule."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    body = with_name(message.body, "王")
    number = world.work.propose(PARKED, name, body, why="a test", who="wang")
    row = corrections.update().where(corrections.c.number == number)
    with world.database.begin() as connection:
        approve = (number, State.APPROVED, "wang", world.clock.now())
        assert not world.work.corrections.decide(connection, *approve)
    for by in ("wang", None):
        with pytest.raises(sa.exc.IntegrityError), world.database.begin() as connection:
            connection.execute(row.values(state="APPROVED", decided_by=by))
    world.work.reject(number, "a test", "wang")
    world.work.discard(PARKED, [name], why="a test", who="wang")


def test_a_correction_is_checked_against_the_contract(world: ParkingWorld) -> None:
    """Every mistake is named with its line, and the request stays the one that it was."""
    message = world.worker.message("PlaceBooking", booking_values())
    name = world.park(message)
    shown = world.work.open(PARKED, name, "wang").shown
    broken = message.body.replace(b"<Kind>INDIVIDUAL", b"\n<Kind>NOBODY").replace(
        b"<Quantity>2", b"\n<Quantity>two"
    )
    assert [line for line, _ in world.work.faults(shown, broken)] == [2, 3]
    other = message.body.replace(message.id.reference.encode(), b"ANOTHER-1")
    cut, large = message.body[:-3], message.body.replace(b"<Kind>", BLANKS + b"<Kind>")
    wrong = ((broken, "Line 2"), (other, "must stay"), (cut, "not well-formed"), (large, "larger"))
    for body, why in wrong:
        with pytest.raises(InvalidBody, match=why):
            world.work.propose(PARKED, name, body, why="a test", who="wang")
    world.work.discard(PARKED, [name], why="a test", who="wang")


def test_the_audit_trail_finds_what_was_changed_removed_or_put_in(world: ParkingWorld) -> None:
    """Each by its number; a chain that was written anew is found by a head noted elsewhere."""
    world.park()
    for number in range(4):
        world.trail.append(Note("wang", What.VIEWED, "parked", f"A-{number}"))
    noted = world.trail.head()
    assert world.trail.verify([noted]).faults == []
    last = noted.number
    of = audit.c.number
    for statement, found in (
        (audit.update().where(of == last - 1).values(who="li"), f"{last - 1} was changed"),
        (audit.delete().where(of == last - 2), f"{last - 2} are gone"),
        (audit.delete().where(of == last), f"after {last - 1} are gone"),
        (audit.update().where(of == last).values(number=last + 1), f"{last + 1} was changed"),
        (audit_head.update().values(number=last - 1), f"entry {last - 1}, and {last} follows"),
        (audit_head.update().values(hash="f" * 64), f"{last} is not the one that was written"),
        (audit_head.delete(), "where the trail ends is gone"),
    ):
        with world.database.engine.connect() as connection:
            connection.execute(statement)
            verdict = world.trail.verify([noted], connection)
            assert any(found in fault for fault in verdict.faults), verdict.faults
            connection.rollback()
    anew = Head(last, "f" * 64)
    for heads in ([anew], [noted, anew], [anew, noted]):
        assert world.trail.verify(heads).faults == [
            f"Entry {last} is not the one that was noted elsewhere."
        ]
    assert world.trail.verify([noted]).faults == []


def test_two_people_and_a_worker_at_once_have_one_effect(world: ParkingWorld) -> None:
    """Two replay, one discards, the worker looks on: one was first, and the outcome is one."""
    messages = [world.worker.message("PlaceBooking", booking_values()) for _ in range(3)]
    names = [world.park(message) for message in messages]
    people = [world.interventions() for _ in range(3)]
    ends: list[tuple[str, End]] = []

    def act(number: int) -> None:
        work, who = people[number], ("wang", "li", "zhao")[number]
        for name in names:
            done = work.discard if number == 2 else work.replay
            ends.extend((one.id, one.end) for one in patiently(done, name, who))

    def look() -> None:
        for _ in range(10):
            with suppress(TryAgain):
                world.worker.inbox.wake_due()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(3)]
    threads += [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(3):
        world.later(5)
    for message, name in zip(messages, names, strict=True):
        assert [end for of, end in ends if of == name].count(End.DONE) <= 1
        code = world.worker.outcome(message).code
        assert code in {"DONE", "DISCARDED"}
        assert bookings_of(world, message.id.reference) == (code == "DONE")
    assert world.trail.verify().faults == []
    assert unbalanced(world.database) == []


def patiently(act: Callable[..., Sequence[Ended]], name: str, who: str) -> Sequence[Ended]:
    """Do it once the database can serve: others are at it too."""
    while True:
        with suppress(TryAgain):
            return act(PARKED, [name], why="a race", who=who)
