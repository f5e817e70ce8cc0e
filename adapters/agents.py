"""The agents as they were published: by number and by certificate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from adapters.published import Edition
from adapters.soap.wsse import Credentials, DigestSecret, Password

ACTIVE = "ACTIVE"
_ALWAYS, _NEVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Agent:
    """A travel agency and what it signs in with. Fingerprints are SHA-256 in lower-case hex.

    ``ended_signatures``: certificates that were taken away, and when. ``unsigned_until``: until
    when anything but a signature lets it in.
    """

    number: str
    channel: str
    active: bool = True
    blocked_at: datetime | None = None
    group_allowed: bool = False
    requests_per_second_max: int = 10
    sha1_allowed: bool = False
    credentials: Credentials = field(default_factory=Credentials)
    certificates: frozenset[str] = frozenset()
    signatures: frozenset[str] = frozenset()
    ended_signatures: Mapping[str, datetime] = field(default_factory=dict)
    unsigned_until: datetime = _ALWAYS

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Read an Agent element's typed values."""
        ended = values.get("EndedSignature", ())
        return cls(
            number=values["AgentNumber"],
            channel=values["Channel"],
            active=values["Status"] == ACTIVE,
            blocked_at=values.get("BlockedAt"),
            group_allowed=values["GroupAllowed"],
            requests_per_second_max=values["RequestsPerSecondMax"],
            sha1_allowed=values["LegacySha1Allowed"],
            credentials=Credentials(
                tuple(_password(entry) for entry in values.get("Password", ())),
                tuple(_digest_secret(entry) for entry in values.get("DigestSecret", ())),
            ),
            certificates=frozenset(values.get("CertificateFingerprint", ())),
            signatures=frozenset(values.get("SignatureFingerprint", ())),
            ended_signatures={entry["Fingerprint"]: entry["EndedAt"] for entry in ended},
            unsigned_until=_unsigned_until(values),
        )


class Directory:
    """Finds agents. A fingerprint that two agents claim names nobody."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._by_number = {agent.number: agent for agent in agents}
        self._by_certificate = _index(self._by_number.values(), "certificates")
        self._by_signature = _index(self._by_number.values(), "signatures")

    def numbered(self, number: str) -> Agent | None:
        """Return the agent of this number."""
        return self._by_number.get(number)

    def certified(self, fingerprint: str) -> Agent | None:
        """Return the agent who connects with this certificate."""
        return self._by_certificate.get(fingerprint)

    def signing(self, fingerprint: str) -> Agent | None:
        """Return the agent who signs with this certificate."""
        return self._by_signature.get(fingerprint)

    def __len__(self) -> int:
        return len(self._by_number)


def read_agents(values: Mapping[str, Any]) -> Edition[Directory]:
    """Read the typed values of a published Agents document."""
    directory = Directory(Agent.read(entry) for entry in values.get("Agent", ()))
    return Edition(values["Version"], values["PublishedAt"], directory)


def _unsigned_until(values: Mapping[str, Any]) -> datetime:
    if values.get("CertificateFingerprint"):
        return _ALWAYS
    secrets = (*values.get("Password", ()), *values.get("DigestSecret", ()))
    ends: list[datetime] = [secret.get("NotAfter", _ALWAYS) for secret in secrets]
    until: datetime = values.get("UnsignedUntil", _NEVER)
    return max(ends, default=until)


def _password(values: Mapping[str, Any]) -> Password:
    return Password(
        bytes.fromhex(values["Salt"]), bytes.fromhex(values["Verifier"]), values.get("NotAfter")
    )


def _digest_secret(values: Mapping[str, Any]) -> DigestSecret:
    return DigestSecret(values["Secret"], values.get("NotAfter"))


def _index(agents: Iterable[Agent], field: str) -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    claimed_twice: set[str] = set()
    for agent in agents:
        for fingerprint in getattr(agent, field):
            if fingerprint in found:
                claimed_twice.add(fingerprint)
            found[fingerprint] = agent
    return {key: agent for key, agent in found.items() if key not in claimed_twice}
