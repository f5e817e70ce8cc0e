"""Acting on all kept messages of one reason: an end, whatever the guard says."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from adapters.quarantine import QuarantineShelf
from adapters.xml import Schemas
from hub.parking import Ended, Place, Record
from internal_apps.parking.interventions import Interventions
from lupu.kept_bulk import Act, each
from tests.contract.shelves import NOT_ALLOWED, OPERATOR, World, in_memory, wire
from tests.unit.parking.world import ParkingWorld
from tests.unit.ticketing.world import prepared

REPLAYS_MAX = 5


class RefusedAgain(QuarantineShelf):
    """A quarantine whose guard still refuses everything, at once."""

    def __init__(self, world: World) -> None:
        """Keep in ``world`` again what is replayed."""
        super().__init__(Place.OUTSIDE, world.opens, OPERATOR, Schemas())
        self.world = world
        self.rounds: list[list[str]] = []

    def replay(self, ids: Collection[str], record: Record) -> Sequence[Ended]:
        """Replay, and refuse what comes."""
        self.rounds.append(list(ids))
        assert len(self.rounds) <= REPLAYS_MAX, "it does not end"
        ended = super().replay(ids, record)
        self.world.keep(*self.world.arrived(len(ids)), reason=NOT_ALLOWED)
        return ended


@pytest.fixture
def shelf() -> RefusedAgain:
    """Offer a quarantine of three."""
    world = in_memory()
    world.keep(wire("Q-1"), wire("Q-2"), wire("Q-3"), reason=NOT_ALLOWED)
    return RefusedAgain(world)


@pytest.fixture
def work(shelf: RefusedAgain, tmp_path: Path) -> Interventions:
    """Offer interventions on it."""
    parking = ParkingWorld(prepared(f"sqlite:///{tmp_path / 'inside.sqlite'}"))
    parking.work.shelves[Place.OUTSIDE] = shelf
    return parking.work


def _acting(do: Callable[..., Sequence[Ended]]) -> Act:
    return lambda names: do(Place.OUTSIDE, names, why="mended", who="wang")


def _all(kind: str) -> dict[str, object]:
    return {"messages": (), "reason": kind, "type_": ""}


def test_a_replay_ends_while_the_guard_still_refuses(
    shelf: RefusedAgain, work: Interventions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is replayed once, and how many came back is said."""
    names = [kept.id for kept in shelf.world.listed()]
    each(work, Place.OUTSIDE, _all("NotAllowed"), _acting(work.replay), "replayed")
    assert shelf.rounds == [names]
    said = capsys.readouterr().out
    assert said.startswith("3 replayed\n3 are kept for NotAllowed now: they came back")
    assert not {kept.id for kept in shelf.world.listed()} & set(names)


def test_nothing_is_said_of_what_is_left_where_nothing_is(
    shelf: RefusedAgain, work: Interventions, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of one reason are discarded, and no more is said."""
    each(work, Place.OUTSIDE, _all("NotAllowed"), _acting(work.discard), "discarded")
    assert shelf.world.listed() == []
    assert capsys.readouterr().out == "3 discarded\n"
