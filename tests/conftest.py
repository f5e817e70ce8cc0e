"""Fixtures of every suite: servers start when a test first asks, and end with the run."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers.brokers import Authorities, Brokers
from tests.servers.databases import KINDS, Databases, databases
from tests.servers.system import System, running

pytest_plugins = [
    "tests.servers.strictness",
    "tests.servers.promises",
    "tests.servers.side_by_side",
    "tests.clients.shown",
]

# A busy machine is no reason to fail: what takes long is measured by ``bench``.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """Offer four certificate authorities made for this run."""
    return Authorities.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def brokers(
    authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Brokers]:
    """Offer both brokers, mutual TLS and real definitions, shared by the whole run."""
    running = Brokers(tmp_path_factory.mktemp("brokers"), authorities)
    with contextlib.ExitStack() as ending:
        ending.callback(running.stop)
        running.start()
        yield running


@pytest.fixture(scope="session")
def worn_brokers(
    authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Brokers]:
    """Offer two brokers, not yet started, to the tests that spoil them, one after another."""
    spoilt = Brokers(tmp_path_factory.mktemp("worn"), authorities)
    with contextlib.ExitStack() as ending:
        ending.callback(spoilt.stop)
        yield spoilt


@pytest.fixture
def own_brokers(worn_brokers: Brokers) -> Brokers:
    """Offer two brokers, as good as new, to a test that kills or fills them."""
    worn_brokers.start()
    return worn_brokers


@pytest.fixture(scope="session")
def database_servers() -> Iterator[Databases]:
    """Offer new databases of every kind, their servers shared by the whole run.

    PostgreSQL runs as another user: under pytest's own folder, which every other run makes
    private again, it could lose its data from under its feet.
    """
    with (
        tempfile.TemporaryDirectory(prefix="lupu-databases-") as folder,
        databases(Path(folder)) as offered,
    ):
        yield offered


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, database_servers: Databases) -> str:
    """Offer a new, empty database, once of each kind: the test runs three times."""
    return database_servers.url(request.param)


@pytest.fixture(scope="session")
def running_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer the whole running system as an agency sees it, shared by the whole run."""
    with running(tmp_path_factory.mktemp("system")) as system:
        yield system
