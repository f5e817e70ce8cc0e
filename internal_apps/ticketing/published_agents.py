"""The agents as they are published: what lets each in, and what did until lately.

What was accepted is carried out: hubs judge each request by what was good when it was accepted,
and so have to know what has ended since.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from internal_apps.ticketing.agents import (
    BLOCKED,
    CERTIFICATES_MAX,
    SECRETS_MAX,
    SIGNATURE,
    TLS,
)
from internal_apps.ticketing.tables import agent_certificates, agent_secrets, agents

# What was accepted longer ago is too old to be carried out.
ENDED_KNOWN = timedelta(days=8)


def agents_values(connection: sa.Connection, now: datetime) -> dict[str, Any]:
    """Return the agents as they are published, without version and time."""
    ends, ended = agent_secrets.c.ends_at, agent_certificates.c.ended_at
    secret_rows = connection.execute(
        sa.select(agent_secrets)
        .where(sa.or_(ends.is_(None), ends > now - ENDED_KNOWN))
        .order_by(agent_secrets.c.number.desc())
    ).all()
    certificates = connection.execute(
        sa.select(agent_certificates)
        .where(sa.or_(ended.is_(None), ended > now - ENDED_KNOWN))
        .order_by(agent_certificates.c.fingerprint)
    ).all()
    rows = connection.execute(sa.select(agents).order_by(agents.c.number)).all()
    secrets_of, certificates_of = _by_agent(secret_rows), _by_agent(certificates)
    return {
        "Agent": [
            _agent_values(row, secrets_of[row.number], certificates_of[row.number], now)
            for row in rows
        ]
    }


def _by_agent(rows: Iterable[sa.Row[Any]]) -> Mapping[str, list[sa.Row[Any]]]:
    found: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.agent].append(row)
    return found


def _agent_values(
    row: sa.Row[Any],
    secret_rows: Sequence[sa.Row[Any]],
    certificates: Sequence[sa.Row[Any]],
    now: datetime,
) -> dict[str, Any]:
    live = [one for one in secret_rows if one.ends_at is None or one.ends_at > now][:SECRETS_MAX]
    trusted = [entry for entry in certificates if entry.ended_at is None]
    ended = [entry for entry in certificates if entry.ended_at is not None]
    by_tls = _fingerprints(trusted, TLS)
    until = [entry.ended_at for entry in ended if entry.purpose == TLS]
    until += [one.ends_at for one in secret_rows if one.ends_at is not None]
    is_over = until and not live and not by_tls
    return {
        "AgentNumber": row.number,
        "Name": row.name_en,
        "Status": row.status,
        **({"BlockedAt": row.changed_at} if row.status == BLOCKED else {}),
        "Channel": row.channel,
        "GroupAllowed": bool(row.group_allowed),
        "RequestsPerSecondMax": row.requests_per_second,
        "LegacySha1Allowed": bool(row.sha1_allowed),
        "Password": [_password_values(secret) for secret in live],
        "DigestSecret": [_digest_values(secret) for secret in live if secret.digest_secret],
        "CertificateFingerprint": by_tls,
        "SignatureFingerprint": _fingerprints(trusted, SIGNATURE),
        "EndedSignature": _ended_values(ended),
        **({"UnsignedUntil": max(until)} if is_over else {}),
    }


def _password_values(secret: sa.Row[Any]) -> dict[str, Any]:
    return {"Salt": secret.salt, "Verifier": secret.verifier, **_end(secret)}


def _digest_values(secret: sa.Row[Any]) -> dict[str, Any]:
    return {"Secret": secret.digest_secret, **_end(secret)}


def _end(secret: sa.Row[Any]) -> dict[str, Any]:
    return {} if secret.ends_at is None else {"NotAfter": secret.ends_at}


def _ended_values(ended: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    latest = sorted(ended, key=lambda entry: entry.ended_at, reverse=True)
    return [
        {"Fingerprint": entry.fingerprint, "EndedAt": entry.ended_at}
        for entry in latest
        if entry.purpose == SIGNATURE
    ][:CERTIFICATES_MAX]


def _fingerprints(trusted: Sequence[sa.Row[Any]], purpose: str) -> list[str]:
    found = [entry.fingerprint for entry in trusted if entry.purpose == purpose]
    return found[:CERTIFICATES_MAX]
