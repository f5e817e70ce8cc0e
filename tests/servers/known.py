"""An edition of the agents on a test's inside broker, for hubs that run without ticketing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.xml import Schemas
from hub.envelope import RequestId, Wire
from hub.messages import message_type, published_stream
from hub.ports import Address, Published
from tests.contract.transports import AmqpTransport

AGENTS = message_type("Agents.1")
AGENT_NUMBERS = ("1001", "1002")
# Does nothing but sign.
SIGNS = "1003"


def agents_document(
    *agents: dict[str, Any], version: int = 0, at: datetime | None = None
) -> bytes:
    """Return an edition; a real worker's has a version above 0 and replaces it."""
    published_at = at or datetime.now(UTC)
    values = {"Version": version, "PublishedAt": published_at, "Agent": list(agents)}
    return Schemas().write(AGENTS.element, values)


def agent(number: str = "1001", **changes: Any) -> dict[str, Any]:
    """Return an agent that may send as much as a test likes."""
    return {
        "AgentNumber": number,
        "Name": "Test Travel",
        "Status": "ACTIVE",
        "Channel": "AGENCY",
        "GroupAllowed": True,
        "RequestsPerSecondMax": 1_000_000,
        "LegacySha1Allowed": False,
        **changes,
    }


def make_known(transport: AmqpTransport, account: str) -> None:
    """Let every hub of the inside broker know the agents of AGENT_NUMBERS, and SIGNS."""
    signs = agent(SIGNS, SignatureFingerprint=["00" * 32])
    by_tls = {"CertificateFingerprint": ["00" * 32]}
    known = (*(agent(number, **by_tls) for number in AGENT_NUMBERS), signs)
    # Newer than whatever a test sends, so that nothing waits for a newer one.
    body = agents_document(*known, at=datetime.now(UTC) + timedelta(days=1))
    name = str(RequestId("application:test", AGENTS.name, "0"))
    # Past the exchange: no gateway is to hear of it.
    told = transport.send(account, Address("", published_stream(AGENTS)), Wire("", name, body))
    assert told is Published.CONFIRMED
