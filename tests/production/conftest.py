"""Fixtures of what is tried as in production."""

from collections.abc import Iterator

import pytest

from hub.settings import Broker
from tests.production.matrix import Matrix
from tests.production.sides import ACCOUNTS, Side
from tests.servers.brokers import Authorities, Brokers


@pytest.fixture(scope="session")
def matrix() -> Iterator[Matrix]:
    """Offer what notes who refused what; it is printed at the end."""
    kept = Matrix()
    yield kept
    print(f"\n{kept.shown()}")  # noqa: T201  the figures


@pytest.fixture(scope="module", params=["outside", "inside"])
def side(request: pytest.FixtureRequest, brokers: Brokers, authorities: Authorities) -> Side:
    """Offer each broker, dialled by a component that has an account there."""
    name = ACCOUNTS[request.param]
    outside = request.param == "outside"
    broker: Broker = brokers.outside(name) if outside else brokers.inside(name)
    own, other = authorities.outside, authorities.inside
    return Side(broker, own, other) if outside else Side(broker, other, own)
