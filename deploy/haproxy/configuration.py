"""haproxy.cfg from the templates beside this file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Issued
from certs.revocation import CRL_SUFFIX
from hub.guard import BODY_BYTES_MAX

_FOLDER = Path(__file__).parent
NOBODY = _FOLDER / "nobody.http"
SLOW = _FOLDER / "slow.http"
DISTRUSTED = _FOLDER / "distrusted.xml"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where HAProxy listens for HTTPS, with which certificate, and for which local sockets."""

    address: str
    port: int
    certificate: Issued
    sockets: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class User:
    """Whom HAProxy becomes once it listens. ``group`` must be let into the local sockets."""

    name: str
    group: str


def agents_section(entrance: Entrance, authority: Path) -> str:
    """Return the section of the agents' entrance; ``authority`` signs their certificates.

    Who is revoked stands beside it.
    """
    values = {
        "AGENTS": str(authority),
        "REVOKED": str(authority.with_suffix(CRL_SUFFIX)),
        "DISTRUSTED": str(DISTRUSTED),
        "NOBODY": str(NOBODY),
        "SLOW": str(SLOW),
        "BODY_BYTES_MAX": str(BODY_BYTES_MAX),
        "GATEWAYS": _servers(entrance.sockets),
    }
    return _section("agents.cfg", entrance, values)


def staff_section(entrance: Entrance) -> str:
    """Return the section of the staff's entrance."""
    return _section("staff.cfg", entrance, {"STAFF": _servers(entrance.sockets)})


def haproxy_cfg(sections: Sequence[str], user: User | None = None) -> str:
    """Return the text of haproxy.cfg; without ``user`` HAProxy stays who starts it."""
    becomes = "" if user is None else f"    user {user.name}\n    group {user.group}\n"
    return _filled("haproxy.cfg", {"SECTIONS": "\n".join(sections), "USER": becomes})


def _section(name: str, entrance: Entrance, values: Mapping[str, str]) -> str:
    return _filled(
        name,
        {
            "ADDRESS": entrance.address,
            "PORT": str(entrance.port),
            "CERTIFICATE": str(entrance.certificate.certificate),
            **values,
        },
    )


def _servers(sockets: Mapping[str, Path]) -> str:
    return "\n".join(f"    server {name} unix@{path}" for name, path in sockets.items())


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (_FOLDER / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
