"""What is paused is kept, in its order, until somebody resumes it; nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.store import MemoryUnit
from hub.envelope import Message, RequestId, Transmission
from hub.errors import NotAllowed
from hub.ports import InboxState
from hub.traffic import Kind, Target, Targets, routes
from tests.unit.hub_world import booking
from tests.unit.retry_world import DAY_SECONDS, RetryWorld, change

PLACE = Target(Kind.ROUTE, "PlaceBooking")
EACH = [
    PLACE,
    Target(Kind.ROUTE, "ticketing"),
    Target(Kind.AGENCY, booking().id.sender.removeprefix("agent:")),
    Target(Kind.GATEWAY, booking().transmission.origin),
]


@pytest.mark.parametrize("pause", EACH, ids=str)
def test_what_is_paused_is_kept_and_done_once_it_is_resumed(pause: Target) -> None:
    """However long it lasts; a repeat is told meanwhile that its request waits."""
    world = RetryWorld()
    world.store.pause(pause)
    world.handle(booking(), booking("A-2"))
    world.handle(booking())
    assert [reply.body for _, reply in world.store.unsent(9)] == [b"PENDING"]
    for _ in range(10):
        world.later(DAY_SECONDS)
    assert world.store.effects == []
    assert world.state(booking()) is InboxState.PAUSED
    world.store.resume(pause)
    world.later(0)
    assert sorted(world.store.effects) == ["A-1", "A-2"]
    assert not world.store.books.standing
    assert not world.store.books.waiting


def test_what_is_not_paused_goes_on() -> None:
    """A pause is of what it names and of nothing else."""
    world = RetryWorld()
    for pause in (
        Target(Kind.ROUTE, "CancelBooking"),
        Target(Kind.AGENCY, "9999"),
        Target(Kind.GATEWAY, "gateway-9"),
    ):
        world.store.pause(pause)
    world.handle(booking(), change("C-1"))
    assert world.store.effects == ["A-1", "C-1"]


def test_later_messages_for_a_booking_wait_behind_a_paused_one() -> None:
    """Also one that named it before the pause, and would be refused at its deadline."""
    world, place = RetryWorld(), booking()
    world.waits.add("C-1")
    world.handle(change("C-1"))
    assert world.state(change("C-1")) is InboxState.WAITING
    world.store.pause(PLACE)
    world.handle(place, change("C-2"))
    world.waits.clear()
    tried = len(world.tried)
    world.later(DAY_SECONDS)
    assert len(world.tried) == tried
    assert world.state(change("C-1")) is InboxState.BEHIND
    world.store.resume(PLACE)
    world.later(0)
    assert world.tried[tried] == "A-1"
    assert sorted(world.tried[tried + 1 :]) == ["C-1", "C-2"]


def test_what_is_tried_again_is_paused_too_and_keeps_its_count() -> None:
    """A pause stops all of a route: its next try is after it."""
    world, place = RetryWorld(), booking()
    world.fails["A-1"] = ValueError("a bug")
    world.handle(place)
    world.store.pause(PLACE)
    world.later(15)
    tried = len(world.tried)
    world.later(DAY_SECONDS)
    assert len(world.tried) == tried
    world.fails.clear()
    world.store.resume(PLACE)
    world.later(0)
    assert world.store.effects == ["A-1"]
    assert world.store.books.inbox[str(place.id)].attempts == 1


def test_who_resumes_while_a_worker_keeps_a_message_does_not_leave_it_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker looks once more after its commit, and finds that the pause has ended."""
    world, resumed = RetryWorld(), list[Message]()
    world.store.pause(PLACE)
    plain = MemoryUnit.wait

    def wait(unit: MemoryUnit, message: Message, *how: object) -> None:
        if not resumed:
            resumed.append(message)
            world.store.resume(PLACE)
        plain(unit, message, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryUnit, "wait", wait)
    world.handle(booking())
    assert resumed
    assert world.store.effects == ["A-1"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["send", "pause", "resume", "later"]), st.integers(0, 2)),
        max_size=24,
    )
)
def test_however_often_it_is_paused_all_is_done_once_and_in_order_for_a_booking(
    steps: list[tuple[str, int]],
) -> None:
    """Pauses come and go while messages come; at the end nothing waits and no order is broken."""
    world = RetryWorld()
    pauses = [Target(Kind.ROUTE, "ChangeBooking"), PLACE, EACH[3]]
    sent: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for step, number in steps:
        of = f"A-{number}"
        if step == "send" and sent[number]:
            sent[number].append(f"C-{number}-{len(sent[number])}")
            world.handle(change(sent[number][-1], of=of))
        elif step == "send":
            sent[number].append(of)
            world.handle(booking(of))
        elif step == "pause":
            world.store.pause(pauses[number])
        elif step == "resume":
            world.store.resume(pauses[number])
        else:
            world.later(60)
    for pause in pauses:
        world.store.resume(pause)
    world.later(1)
    for number, references in sent.items():
        mine = [one for one in world.store.effects if one.split("-")[1] == str(number)]
        assert mine == references
    assert not world.store.books.waiting
    assert not world.store.books.standing


def test_books_of_gateways_are_never_paused() -> None:
    """Who pauses a gateway that he suspects wants to see what it did."""
    page = booking()._replace(
        type="BookPage.1",
        id=RequestId("gateway:gateway-1", "BookPage", "1"),
        transmission=Transmission("gateway-1", "b", 1),
    )
    assert Targets([Target(Kind.GATEWAY, "gateway-1")]).of(page) is None
    assert "BookPage" not in routes()
    assert "evidence" not in routes()


@pytest.mark.parametrize(
    "target",
    [
        Target(Kind.ROUTE, "BookPage"),
        Target(Kind.ROUTE, ""),
        Target(Kind.AGENCY, "no number"),
        Target(Kind.GATEWAY, "x" * 33),
    ],
    ids=str,
)
def test_what_cannot_be_paused_is_refused_with_what_can(target: Target) -> None:
    """A slip of the pen pauses nothing and says so."""
    with pytest.raises(NotAllowed):
        target.check()
    for known in EACH:
        known.check()
        assert Target.parse(str(known)) == known
