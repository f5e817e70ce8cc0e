"""Databases with ticketing's tables and the rules of Expo 2010, one of each kind."""

from collections.abc import Iterator

import pytest

from adapters.database import Database
from adapters.database.tables import outbox, standing, traffic, waiting
from tests.servers.databases import KINDS, Databases
from tests.unit.ticketing.world import prepared


@pytest.fixture(scope="session")
def ticketing_databases(database_servers: Databases) -> Iterator[dict[str, Database]]:
    """Offer one prepared database of each kind, shared by the whole run."""
    opened = {kind: prepared(database_servers.url(kind)) for kind in KINDS}
    yield opened
    for database in opened.values():
        database.close()


@pytest.fixture(params=KINDS)
def ticketing_database(
    request: pytest.FixtureRequest, ticketing_databases: dict[str, Database]
) -> Database:
    """Offer each kind in turn; nothing an earlier test left waits for its time or to leave."""
    database = ticketing_databases[request.param]
    with database.begin() as connection:
        for left in (outbox, waiting, standing, traffic):
            connection.execute(left.delete())
    return database
