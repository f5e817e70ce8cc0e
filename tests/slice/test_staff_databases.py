"""The staff's pages on every database: the same sign-in, search, booking and way."""

from pathlib import Path

from flask import Flask

from adapters.database import Database
from internal_apps.staff.app import Parts, make_app
from internal_apps.staff.settings import Staff
from tests.slice.staff_visitor import STANDARD_LINE, Visitor
from tests.slice.staff_world import PASSWORD, StaffWorld, cheap_passwords, staff_world
from tests.unit.hub_world import CountedMetrics, MovedClock

LONGEST_NAME = "𠮷" * 100


def test_the_pages_work_on_every_database(database_url: str, tmp_path: Path) -> None:
    """Signed in, booked in the longest name, found, changed, seen, left, kept: on each alike."""
    world = staff_world(tmp_path, url=database_url)
    try:
        _use(world)
    finally:
        world.database.close()


def _use(world: StaffWorld) -> None:
    clerk = Visitor(world)
    assert clerk.sign_in(password="wrong").status_code == 401  # noqa: S106
    clerk.sign_in()
    reference = clerk.place(name=LONGEST_NAME)
    for query in (
        "q=" + LONGEST_NAME[:30],
        "q=6847",
        "day=2010-06-10&type=STANDARD",
        "state=HELD",
    ):
        assert reference in clerk.get(f"/bookings?{query}").text, query
    path = f"/bookings/{reference}/change"
    clerk.get(path)
    clerk.send(path, name="欧阳娜娜", telephone="021 6847 1234", **STANDARD_LINE)
    assert "The booking is changed." in clerk.text()
    assert "reply sent" in clerk.text()
    assert "Thu 10 Jun 2010" in clerk.get("/offers").text
    clerk.get(path)
    world.clock.move(seconds=2_000)
    clerk.send(path, name=LONGEST_NAME, telephone="021 6847 1234", **STANDARD_LINE)
    page = clerk.send("/sign-in", account="wang", password=PASSWORD)
    assert LONGEST_NAME in page.text
    supervisor = Visitor(world)
    supervisor.sign_in("audit")
    assert "wrong password or account" in supervisor.get("/sign-ins").text
    assert "王丽" in supervisor.get("/accounts").text


def _without_database() -> Flask:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none", lock_wait_seconds=1)
    settings, metrics = Staff(port=1), CountedMetrics()
    pings = {"database": away.ping}
    return make_app(Parts(away, MovedClock(), settings, [], pings, cheap_passwords(), metrics))


def test_a_database_that_is_away_is_said_on_the_page() -> None:
    """The page says so and what to do; health names what is away, and lets people in."""
    app = _without_database()
    visitor = Visitor.__new__(Visitor)
    visitor.client, visitor.address, visitor.page = app.test_client(), "10.1.1.1", None
    page = visitor.sign_in()
    assert page.status_code == 503
    assert "The database does not answer at the moment." in page.text
    health = visitor.get("/health")
    assert health.status_code == 200
    assert health.get_json() == {"database": "away"}


def test_a_mistake_of_ours_shows_nothing_of_its_cause(tmp_path: Path) -> None:
    """An error inside is a calm page in the person's language, never a trace."""
    world = staff_world(tmp_path)
    visitor = Visitor(world)
    visitor.sign_in()
    with world.database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE booking_lines")
    page = visitor.get("/bookings?type=STANDARD")
    assert page.status_code == 500
    assert "Something went wrong here." in page.text
    assert "booking_lines" not in page.text
