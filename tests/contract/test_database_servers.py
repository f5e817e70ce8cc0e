"""PostgreSQL is reached however its servers are named."""

from contextlib import closing

import pytest
import sqlalchemy as sa

from adapters.database import Database
from hub.errors import DatabaseAway
from tests.servers.databases import Databases

NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def url(database_servers: Databases) -> sa.URL:
    """Offer the address of a database of PostgreSQL."""
    return sa.make_url(database_servers.url("postgresql"))


def at(url: sa.URL, *hosts: str) -> sa.URL:
    """Return the same database's address with its servers named beside it."""
    named = hosts[0] if len(hosts) == 1 else hosts
    return url.set(host=None, port=None).update_query_dict({"host": named})


def test_one_is_reached_that_is_named_beside_the_address(url: sa.URL) -> None:
    """As the driver itself takes it, a folder of sockets included."""
    host = f"{url.host}:{url.port}"
    for named in (
        at(url, host),
        at(url, str(url.host)).update_query_dict({"port": str(url.port)}),
    ):
        with closing(Database(named)) as database:
            database.ping()


def test_the_one_that_answers_is_reached(url: sa.URL) -> None:
    """Whichever of several it is."""
    host = f"{url.host}:{url.port}"
    for hosts in ((NOBODY, host), (host, NOBODY)):
        with closing(Database(at(url, *hosts))) as database:
            database.ping()


def test_where_none_of_several_answers_it_is_away(url: sa.URL) -> None:
    """It may pass."""
    with closing(Database(at(url, NOBODY, NOBODY))) as database, pytest.raises(DatabaseAway):
        database.ping()
