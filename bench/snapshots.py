"""What a gateway of the bench knows from its last snapshot: one agent with a password."""

from datetime import UTC, datetime
from pathlib import Path

from adapters.soap.wsse import verifier
from adapters.xml import Schemas
from bench import soap
from hub.messages import PUBLISHED

PASSWORD = "a password of the bench, 128 bits"  # noqa: S105  of no agent but the bench's own
_SALT = b"bench"


def write(folder: Path) -> None:
    """Write both snapshots into ``folder``, which is made."""
    folder.mkdir(parents=True)
    agent = {
        "AgentNumber": soap.AGENT,
        "Name": "Bench",
        "Status": "ACTIVE",
        "Channel": "AGENCY",
        "GroupAllowed": True,
        "RequestsPerSecondMax": 1_000_000,
        "LegacySha1Allowed": False,
        "Password": [{"Salt": _SALT.hex(), "Verifier": verifier(_SALT, PASSWORD).hex()}],
    }
    (folder / "Agents.1.xml").write_bytes(_published("Agents", {"Agent": [agent]}))
    (folder / "Offers.1.xml").write_bytes(_published("Offers", {}))


def _published(name: str, values: dict[str, object]) -> bytes:
    both = {"Version": 1, "PublishedAt": datetime.now(UTC), **values}
    return Schemas().write(f"{{{PUBLISHED}}}{name}", both)
