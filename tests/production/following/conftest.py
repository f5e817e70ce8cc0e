"""One system that is followed and watched, shared by the tests of both."""

from collections.abc import Iterator

import pytest

from deploy.local.zones import Section
from tests.servers.collector import Collector, collecting
from tests.servers.system import System, running

TRACED = ("gateway-1", "hub-1", "ticketing-1", "evidence-1", "staff-1", "operator-1")


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    """Offer a collector."""
    with collecting() as found:
        yield found


@pytest.fixture(scope="package")
def traced(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer a system that sends every span to the collector."""
    tracing: Section = {
        "endpoint": collector.endpoint,
        "ratio": 1.0,
        "send_seconds": 0.2,
        "timeout_seconds": 1.0,
        "queue_max": 20,
    }
    with running(tmp_path_factory.mktemp("traced"), None, TRACED, tracing=tracing) as made:
        yield made
