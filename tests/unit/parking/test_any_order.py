"""Whatever two people and a worker do to kept requests, in any order: one outcome, one effect."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.database import Database
from hub.errors import NeverWorks
from hub.parking import Place
from hub.ports import InboxState
from internal_apps.parking.domain import State
from tests.unit.parking.world import ParkingWorld, bookings_of, with_name
from tests.unit.ticketing.balance import unbalanced
from tests.unit.ticketing.world import booking_values, contact_values, prepared

PEOPLE = st.sampled_from(["wang", "li"])
NUMBERS = st.integers(0, 2)
NAMES = ("王小明", "李雷", "韩梅梅")


class Machine(RuleBasedStateMachine):
    """A booking and two changes of it, sent in their order, by an agency that repeats."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.world = ParkingWorld(self.database)
        self.messages = [self.world.worker.message("PlaceBooking", booking_values())]
        placed_as = self.messages[0].id.reference
        for version, name in enumerate(NAMES[:2], 1):
            named = {"PlacedAs": placed_as, "Version": version, "Contact": contact_values(name)}
            lines = {"Lines": booking_values(quantity=version + 2)["Lines"]}
            change = self.world.worker.message("ChangeBooking", {**named, **lines})
            self.messages.append(change)
        self.sent = 0
        self.outcomes: dict[str, Any] = {}
        self.people = [self.world.interventions() for _ in range(2)]
        self.park(0)

    def _name(self, number: int) -> str:
        return str(self.messages[number].id)

    def _work(self, who: str) -> Any:
        return self.people[("wang", "li").index(who)]

    @rule(number=NUMBERS)
    def send(self, number: int) -> None:
        """Send the next, or one again."""
        number = min(number, self.sent)
        if number == len(self.messages):
            number = 0
        self.sent = max(self.sent, number + 1)
        self.world.worker.handle(self.messages[number])

    @rule(broken=st.booleans())
    def mistake(self, *, broken: bool) -> None:
        """Make or mend a mistake of ours."""
        self.world.taking.broken = broken

    @rule(seconds=st.sampled_from([1, 5, 80, 600]))
    def later(self, seconds: int) -> None:
        """Let time pass for the worker."""
        self.world.later(seconds)

    @rule(number=NUMBERS)
    def park(self, number: int) -> None:
        """Send the next, or one again, with a mistake of ours that lasts a night."""
        self.mistake(broken=True)
        self.send(number)
        for _ in range(6):
            self.world.later(600)

    @rule(who=PEOPLE, numbers=st.sets(NUMBERS))
    def replay(self, who: str, numbers: set[int]) -> None:
        """Replay some."""
        names = [self._name(number) for number in numbers]
        self._work(who).replay(Place.PARKED, names, why="mended", who=who)

    @rule(who=PEOPLE, number=NUMBERS)
    def discard(self, who: str, number: int) -> None:
        """Discard one."""
        self._work(who).discard(Place.PARKED, [self._name(number)], why="wrong", who=who)

    @rule(who=PEOPLE, name=st.sampled_from(NAMES))
    def propose(self, who: str, name: str) -> None:
        """Propose another name for each that is parked."""
        for message in self.messages:
            if self.world.state(message) is InboxState.PARKED:
                body, of = with_name(message.body, name), str(message.id)
                self._work(who).propose(Place.PARKED, of, body, why="cut", who=who)

    @rule(who=PEOPLE)
    def approve(self, who: str) -> None:
        """Approve what waits; what one proposed oneself is refused."""
        for correction in self._work(who).corrections.waiting():
            with suppress(NeverWorks):
                approved = self._work(who).approve(correction.number, who)
                assert approved.proposed_by != who

    @rule(who=PEOPLE, number=NUMBERS)
    def preview(self, who: str, number: int) -> None:
        """Look at what a replay would do."""
        with suppress(NeverWorks):
            self._work(who).preview(Place.PARKED, self._name(number), who)

    @invariant()
    def one_effect_and_one_outcome(self) -> None:
        """No request has two bookings or two outcomes; what is done stays done."""
        reference = self.messages[0].id.reference
        assert bookings_of(self.world, reference) <= 1
        with self.world.worker.store.reading() as unit:
            for message in self.messages[: self.sent]:
                entry = unit.entry(message.id)
                assert entry is not None
                if entry.state is InboxState.HANDLED:
                    told = (entry.outcome_code, entry.answer)
                    assert self.outcomes.setdefault(str(message.id), told) == told

    @invariant()
    def the_trail_is_whole_and_every_approval_is_by_a_second_person(self) -> None:
        """Whatever is done is written down."""
        assert self.world.trail.verify().faults == []
        for message in self.messages:
            for one in self.world.work.corrections.of(Place.PARKED, str(message.id)):
                if one.state in {State.APPROVED, State.SENT}:
                    assert one.decided_by not in {"", one.proposed_by}

    def teardown(self) -> None:
        """Once mended and replayed, every request has its outcome, in the order of its booking."""
        self.world.taking.broken = False
        for _ in range(len(self.messages) + 1):
            names = [self._name(number) for number in range(self.sent)]
            self._work("li").replay(Place.PARKED, names, why="mended", who="li")
            self.world.later(600)
        with self.world.worker.store.reading() as unit:
            entries = [unit.entry(message.id) for message in self.messages[: self.sent]]
        assert {entry.state for entry in entries if entry} == {InboxState.HANDLED}
        done = [entry.outcome_code == "DONE" for entry in entries if entry]
        assert done == sorted(done, reverse=True), "nothing is done after what was not"
        assert unbalanced(self.database) == []


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Offer one SQLite database with tables and rules."""
    opened = prepared(f"sqlite:///{tmp_path_factory.mktemp('parking') / 'a.sqlite'}")
    with opened.begin() as connection:
        connection.exec_driver_sql("UPDATE kinds SET hold_seconds = 100000000")
    yield opened
    opened.close()


def test_any_order_of_two_people_a_worker_and_a_repeating_sender(database: Database) -> None:
    """At most one effect, exactly one outcome, the booking's messages in their order."""
    Machine.database = database
    case = Machine.TestCase
    case.settings = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
