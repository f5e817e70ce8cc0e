"""What let an agent in and has ended is published for as long as what it let in may wait."""

import pytest

from adapters.database import Database
from hub.errors import NotAllowed
from internal_apps.ticketing.agents import SIGNATURE, TLS, Agents
from internal_apps.ticketing.published_agents import ENDED_KNOWN
from tests.unit.ticketing.test_publishing import FINGERPRINT, Gateway
from tests.unit.ticketing.world import World


@pytest.fixture
def gateway(world: World) -> Gateway:
    """Offer a gateway."""
    return Gateway(world)


@pytest.fixture
def agents(database: Database, world: World) -> Agents:
    """Offer the agents."""
    return Agents(database, world.clock)


def test_a_certificate_that_ended_is_known_for_as_long_as_what_it_signed_may_wait(
    gateway: Gateway, agents: Agents
) -> None:
    """Renewed it is known with its end; revoked, or trusted again, it is no ended one."""
    old, new = "ef" * 32, "cd" * 32
    agents.trust("1001", SIGNATURE, old)
    agents.trust("1001", SIGNATURE, new)
    agents.distrust("1001", SIGNATURE, old)
    ended_at = gateway.world.clock.now()
    gateway.look()
    assert gateway.agent()["SignatureFingerprint"] == [new]
    assert gateway.agent()["EndedSignature"] == [{"Fingerprint": old, "EndedAt": ended_at}]
    with pytest.raises(NotAllowed, match="no such certificate"):
        agents.distrust("1001", SIGNATURE, old)
    gateway.look(seconds=ENDED_KNOWN.total_seconds())
    assert "EndedSignature" not in gateway.agent()
    agents.trust("1001", SIGNATURE, old)
    gateway.look()
    assert gateway.agent()["SignatureFingerprint"] == [new, old]
    assert "EndedSignature" not in gateway.agent()
    agents.distrust("1001", SIGNATURE, old)
    agents.distrust("1001", SIGNATURE, old, revoked=True)
    gateway.look()
    assert gateway.agent()["SignatureFingerprint"] == [new]
    assert "EndedSignature" not in gateway.agent()


def test_who_only_signs_from_now_on_was_let_in_otherwise_until_then(
    gateway: Gateway, agents: Agents
) -> None:
    """Neither password nor TLS certificate is published any more, but when they ended."""
    agents.trust("1001", TLS, FINGERPRINT)
    agents.trust("1001", SIGNATURE, "ef" * 32)
    gateway.look()
    assert "UnsignedUntil" not in gateway.agent()
    agents.only_signs("1001")
    until = gateway.world.clock.now()
    gateway.look()
    agent = gateway.agent()
    assert agent["UnsignedUntil"] == until
    assert not {"Password", "DigestSecret", "CertificateFingerprint"} & set(agent)
    agents.rotate("1001")
    gateway.look()
    assert "UnsignedUntil" not in gateway.agent()
