"""Nothing is sold twice whatever runs at once: real processes on each of the databases."""

import itertools
from collections import Counter
from datetime import date, timedelta

import pytest

from adapters.database import Database
from tests.contract.rush import BATCH, Job, live, place, rush, same
from tests.unit.ticketing.balance import count_again, set_capacity, unbalanced
from tests.unit.ticketing.world import STANDARD_DAY

PROCESSES = 4
TRIES_MAX = 5
_DAYS = itertools.count(60, 2)


def other_day() -> date:
    """Return a standard day which, as the next one, no other test uses."""
    return STANDARD_DAY + timedelta(days=next(_DAYS))


@pytest.fixture
def day() -> date:
    """Offer a standard day of its own."""
    return other_day()


def jobs(database: Database, day: date, requests: int, *, protected: bool = True) -> list[Job]:
    """Return a job for each process."""
    url = database.url.render_as_string(hide_password=False)
    return [Job(url, f"P{number}-{day}", day, requests, protected) for number in range(PROCESSES)]


def test_a_rush_never_oversells(ticketing_database: Database, day: date) -> None:
    """Four processes ask for more places than there are: each is sold once, the rest refused."""
    set_capacity(ticketing_database, day, 50)
    ended = sum(rush(place, jobs(ticketing_database, day, 20)), Counter[str]())
    assert ended == {"DONE": 50, "SOLD_OUT": PROCESSES * 20 - 50}
    assert unbalanced(ticketing_database) == []


# On SQLite the transaction itself is a protection that cannot be taken out: one writer at a time.
@pytest.mark.parametrize("kind", ["postgresql", "db2"])
def test_the_rush_would_notice(ticketing_databases: dict[str, Database], kind: str) -> None:
    """With the conditional update replaced by read-then-write, a rush oversells."""
    database = ticketing_databases[kind]
    assert any(oversells(database, other_day()) for _ in range(TRIES_MAX))


def oversells(database: Database, day: date) -> bool:
    """Return whether it does: processes that a busy machine starts one by one may not meet."""
    set_capacity(database, day, 50)
    ended = sum(rush(place, jobs(database, day, 20, protected=False)), Counter[str]())
    set_capacity(database, day, 1_000)
    count_again(database, day)
    return ended["DONE"] > 50


def test_any_mixture_leaves_balanced_books(ticketing_database: Database, day: date) -> None:
    """Placing, changing, confirming, cancelling and expiring at once, places add up."""
    for offset in (0, 1):
        set_capacity(ticketing_database, day + timedelta(days=offset), 40)
    ended = sum(rush(live, jobs(ticketing_database, day, 20)), Counter[str]())
    assert ended["DONE"] > 50
    assert unbalanced(ticketing_database) == []


def test_two_workers_with_one_request_have_one_effect(
    ticketing_database: Database, day: date
) -> None:
    """Whoever is second gives the first one's answer, to the letter."""
    found = rush(same, jobs(ticketing_database, day, 10))
    assert all(one == found[0] for one in found)
    assert len(found[0]) == 10
    assert unbalanced(ticketing_database) == []


def test_the_batch_is_more_than_one() -> None:
    """The rush books several in one transaction, or it would prove less."""
    assert BATCH > 1
