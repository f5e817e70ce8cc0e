"""What corrections replaced goes in time, on all three databases; what still waits keeps it."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import SettingsError
from hub.parking import Place
from internal_apps.parking.domain import State
from internal_apps.parking.pruning import CorrectionsPruning
from internal_apps.parking.settings import Parking
from internal_apps.parking.store import BODY, ORIGINAL, Corrections, NewCorrection
from internal_apps.parking.tables import correction_parts, corrections
from tests.slice.staff_world import StaffWorld, staff_world
from tests.unit.hub_world import CountedMetrics

KEPT_DAYS = 30
ENDINGS = (State.PROPOSED, State.APPROVED, State.REJECTED, State.SENT)
LONG = b"x" * 20_000


def corrected(world: StaffWorld, state: State) -> int:
    """Keep a correction that stands there; return its number."""
    kept, at = Corrections(world.database), world.clock.now()
    new = NewCorrection(
        place=Place.PARKED,
        name=f"1-{state.value}",
        type="PlaceBooking.1",
        request_id=f"agent:1001/PlaceBooking/{state.value}",
        why="a wrong day",
        original=LONG,
        original_digest="0" * 64,
        body=LONG,
        digest="1" * 64,
        proposed_by="oper",
    )
    with world.database.begin() as connection:
        number = kept.add(connection, new, at)
        if state is not State.PROPOSED:
            decision = State.REJECTED if state is State.REJECTED else State.APPROVED
            assert kept.decide(connection, number, decision, "night", at)
        if state is State.SENT:
            kept.sent(connection, number)
    return number


def test_a_correction_outlives_its_documents(tmp_path: Path, database_url: str) -> None:
    """Once it is over for so long; who corrected what, and the digests, stay."""
    world, metrics = staff_world(tmp_path, url=database_url), CountedMetrics()
    numbers = {state: corrected(world, state) for state in ENDINGS}
    kept = Corrections(world.database)
    chore = CorrectionsPruning(world.database, world.clock, metrics, kept_days=KEPT_DAYS)
    world.clock.move(days=KEPT_DAYS)
    chore()
    assert all(kept.body(number, ORIGINAL) == LONG for number in numbers.values())
    world.clock.move(days=1)
    chore()
    left = {state for state, number in numbers.items() if kept.body(number, BODY)}
    assert left == {State.PROPOSED, State.APPROVED}
    rows = {number: kept.find(number) for number in numbers.values()}
    assert all(row is not None and row.digest == "1" * 64 for row in rows.values())
    world.clock.move(days=1)
    chore()
    assert metrics.counts["lupu_parking_corrections_pruned_total"] == 2
    world.database.close()


def test_nought_days_keeps_them_for_ever_and_less_is_refused(tmp_path: Path) -> None:
    """As with every other time that something is kept for."""
    world = staff_world(tmp_path)
    corrected(world, State.SENT)
    chore = CorrectionsPruning(world.database, world.clock, CountedMetrics(), kept_days=0)
    world.clock.move(days=10_000)
    chore()
    with world.database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(correction_parts)
        assert connection.execute(count).scalar_one() > 0
        assert connection.execute(sa.select(corrections.c.number)).first()
    with pytest.raises(SettingsError, match="corrections_kept_days"):
        Parking(corrections_kept_days=-1).check()
    world.database.close()
