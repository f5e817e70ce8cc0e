"""Places are taken in one order by everybody, so that bookings queue and never block crosswise."""

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore
from internal_apps.ticketing.quotas import move

# Large numbers too: a set of small ones happens to be in order.
NUMBERS = st.dictionaries(st.integers(1, 2**60), st.integers(1, 9), max_size=8)


@given(wanted=NUMBERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_are_taken_in_the_order_of_their_numbers(
    tmp_path: Path, wanted: dict[int, int]
) -> None:
    """However the lines of a booking are ordered."""
    taken: list[int] = []

    def take(_connection: sa.Connection, number: int, _places: int) -> bool:
        taken.append(number)
        return True

    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with closing(database), InboxStore(database, SystemClock()).unit() as unit:
        move(unit, {}, wanted, take)
    assert taken == sorted(wanted)
