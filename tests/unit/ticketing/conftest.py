"""A worker on SQLite for what does not depend on the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.database import Database
from tests.unit.ticketing.world import World, prepared


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Offer a new database with the rules of Expo 2010 and two agents."""
    opened = prepared(f"sqlite:///{tmp_path / 'ticketing.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database) -> World:
    """Offer a worker on it."""
    return World(database)
