"""Agents: who may sell, through which channel, and what they sign in with.

Passwords are generated here, with more than 128 bits, and told once; kept is an HMAC-SHA256
with a salt of its own. Only for an agent that signs in by digest is the secret itself kept,
for the gateway then needs it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import Database
from hub.errors import NotAllowed
from hub.ports import Clock
from internal_apps.ticketing.tables import agent_certificates, agent_secrets, agents

ACTIVE = "ACTIVE"
BLOCKED = "BLOCKED"
TLS = "TLS"
SIGNATURE = "SIGNATURE"

SECRET_BYTES = 24
SALT_BYTES = 16
SECRETS_MAX = 8
CERTIFICATES_MAX = 16
NAME_CHARACTERS_MAX = 100
REQUESTS_PER_SECOND_MAX = 1_000_000

_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,32}")
_CHANNEL = re.compile(r"[A-Z][A-Z0-9_]{1,29}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NewAgent:
    """An agent to be added."""

    number: str
    name_en: str
    name_zh: str
    channel: str
    group_allowed: bool = False
    digest_allowed: bool = False
    sha1_allowed: bool = False
    requests_per_second: int = 10


class Agents:
    """Adds, changes and lists agents; each change reaches the gateways by itself."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, agent: NewAgent) -> str:
        """Add an agent and return its password; NotAllowed where the number is taken.

        What the gateways' contract does not take is refused here: published with the others, it
        would keep every later change of any agent from the gateways.
        """
        _check_new(agent)
        with self._database.begin() as connection:
            if _row(connection, agent.number) is not None:
                raise NotAllowed(f"There is an agent {agent.number} already.")
            connection.execute(agents.insert(), [self._agent_row(agent)])
            return self._secret(connection, agent.number, digest=agent.digest_allowed)

    def rotate(self, number: str, keep_seconds: int = 0) -> str:
        """Give an agent a new password and return it; older ones work ``keep_seconds`` on."""
        ends_at = self._clock.now() + timedelta(seconds=keep_seconds)
        with self._database.begin() as connection:
            digest = bool(_known(connection, number).digest_allowed)
            of_agent = agent_secrets.c.agent == number
            connection.execute(
                agent_secrets.update()
                .where(
                    of_agent,
                    sa.or_(agent_secrets.c.ends_at.is_(None), agent_secrets.c.ends_at > ends_at),
                )
                .values(ends_at=ends_at)
            )
            over = agent_secrets.c.ends_at <= self._clock.now()
            connection.execute(agent_secrets.delete().where(of_agent, over))
            return self._secret(connection, number, digest=digest)

    def block(self, number: str) -> None:
        """Let an agent in no more; what was accepted from it before is still carried out.

        One that is blocked stays so since when it was: what came in between stays refused.
        """
        self._turn(number, BLOCKED)

    def unblock(self, number: str) -> None:
        """Let an agent in again."""
        self._turn(number, ACTIVE)

    def rate(self, number: str, per_second: int) -> None:
        """Let so many requests of an agent through a second, at each gateway."""
        _check_rate(per_second)
        with self._database.begin() as connection:
            _known(connection, number)
            # Not when it was changed: of one that is blocked that is since when.
            connection.execute(
                agents.update()
                .where(agents.c.number == number)
                .values(requests_per_second=per_second)
            )

    def trust(self, number: str, purpose: str, fingerprint: str) -> None:
        """Let an agent connect (TLS) or sign (SIGNATURE) with a certificate, by its SHA-256."""
        plain = fingerprint.replace(":", "").lower()
        _check(_FINGERPRINT, plain, "A fingerprint is the SHA-256 of a certificate, in hex.")
        with self._database.begin() as connection:
            _known(connection, number)
            key = {"agent": number, "purpose": purpose, "fingerprint": plain}
            connection.execute(agent_certificates.delete().where(_same(key)))
            _check_room(connection, number, purpose)
            row = {**key, "added_at": self._clock.now(), "ended_at": None}
            connection.execute(agent_certificates.insert(), [row])

    def distrust(
        self, number: str, purpose: str, fingerprint: str, *, revoked: bool = False
    ) -> None:
        """Let a certificate be used no more; what was accepted before is still carried out.

        Unless it is ``revoked``, for its key is in other hands: then nothing of it counts.
        """
        plain = fingerprint.replace(":", "").lower()
        same = _same({"agent": number, "purpose": purpose, "fingerprint": plain})
        live = sa.and_(same, agent_certificates.c.ended_at.is_(None))
        ended = agent_certificates.update().where(live).values(ended_at=self._clock.now())
        with self._database.begin() as connection:
            change = agent_certificates.delete().where(same) if revoked else ended
            if connection.execute(change).rowcount == 0:
                raise NotAllowed(f"Agent {number} has no such certificate.")

    def only_signs(self, number: str) -> None:
        """Let nothing but a signature let an agent in: what it signs crosses with each request,
        and no gateway can ask in its name. NotAllowed while it has no certificate to sign with.
        """
        with self._database.begin() as connection:
            _known(connection, number)
            if not _certificates(connection, number, SIGNATURE):
                raise NotAllowed(f"Agent {number} has nothing to sign with: 'lupu agents trust'.")
            now, secret, certificate = self._clock.now(), agent_secrets.c, agent_certificates.c
            later = sa.or_(secret.ends_at.is_(None), secret.ends_at > now)
            connection.execute(
                agent_secrets.update()
                .where(secret.agent == number, later)
                .values(ends_at=now, digest_secret="")
            )
            of_tls = _same({"agent": number, "purpose": TLS})
            connection.execute(
                agent_certificates.update()
                .where(of_tls, certificate.ended_at.is_(None))
                .values(ended_at=now)
            )

    def sha1_allowed(self, number: str) -> bool:
        """Return whether an agent may sign with SHA-1."""
        with self._database.reading() as connection:
            return bool(_known(connection, number).sha1_allowed)

    def all(self) -> Sequence[sa.Row[Any]]:
        """Return every agent, by number."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(agents).order_by(agents.c.number)).all()

    def _agent_row(self, agent: NewAgent) -> dict[str, Any]:
        return {
            "number": agent.number,
            "name_en": agent.name_en,
            "name_zh": agent.name_zh,
            "channel": agent.channel,
            "status": ACTIVE,
            "group_allowed": int(agent.group_allowed),
            "digest_allowed": int(agent.digest_allowed),
            "sha1_allowed": int(agent.sha1_allowed),
            "requests_per_second": agent.requests_per_second,
            "changed_at": self._clock.now(),
        }

    def _secret(self, connection: sa.Connection, number: str, *, digest: bool) -> str:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        salt = secrets.token_hex(SALT_BYTES)
        row = {
            "agent": number,
            "salt": salt,
            "verifier": verifier(salt, secret),
            "digest_secret": secret if digest else "",
            "added_at": self._clock.now(),
            "ends_at": None,
        }
        connection.execute(agent_secrets.insert(), [row])
        return secret

    def _turn(self, number: str, status: str) -> None:
        with self._database.begin() as connection:
            _known(connection, number)
            connection.execute(
                agents.update()
                .where(agents.c.number == number, agents.c.status != status)
                .values(status=status, changed_at=self._clock.now())
            )


def verifier(salt: str, password: str) -> str:
    """Return what is kept of a password: HMAC-SHA256 with the salt (hex) as key, in hex."""
    return hmac.new(bytes.fromhex(salt), password.encode(), hashlib.sha256).hexdigest()


def _row(connection: sa.Connection, number: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(agents).where(agents.c.number == number)).first()


def _known(connection: sa.Connection, number: str) -> sa.Row[Any]:
    row = _row(connection, number)
    if row is None:
        raise NotAllowed(f"There is no agent {number}; 'lupu agents list' shows all.")
    return row


def _check_new(agent: NewAgent) -> None:
    _check(_NUMBER, agent.number, "An agent number is 1 to 32 letters, digits, '.', '_', '-'.")
    _check(_CHANNEL, agent.channel, "A channel is a word of capitals, like AGENCY.")
    for name in (agent.name_en, agent.name_zh):
        is_good = 0 < len(name) <= NAME_CHARACTERS_MAX and name.isprintable()
        if not is_good or name != name.strip():
            raise NotAllowed(
                f"A name has 1 to {NAME_CHARACTERS_MAX} characters that can be printed, "
                "and no blank before or after them."
            )
    _check_rate(agent.requests_per_second)


def _check_rate(per_second: int) -> None:
    if not 0 < per_second <= REQUESTS_PER_SECOND_MAX:
        raise NotAllowed(f"Let through 1 to {REQUESTS_PER_SECOND_MAX} requests a second.")


def _check_room(connection: sa.Connection, number: str, purpose: str) -> None:
    if _certificates(connection, number, purpose) >= CERTIFICATES_MAX:
        raise NotAllowed(
            f"Agent {number} has {CERTIFICATES_MAX} certificates for {purpose}, the most there "
            "may be: take one away first with 'lupu agents distrust'."
        )


def _certificates(connection: sa.Connection, number: str, purpose: str) -> int:
    live = agent_certificates.c.ended_at.is_(None)
    of_purpose = _same({"agent": number, "purpose": purpose})
    counted = sa.select(sa.func.count()).select_from(agent_certificates).where(of_purpose, live)
    return int(connection.execute(counted).scalar_one())


def _same(key: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(agent_certificates.c[name] == value for name, value in key.items()))


def _check(pattern: re.Pattern[str], text: str, rule: str) -> None:
    if pattern.fullmatch(text) is None:
        raise NotAllowed(rule)
