"""haproxy.cfg from the templates beside this file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Issued
from hub.guard import BODY_BYTES_MAX

_FOLDER = Path(__file__).parent
NOBODY = _FOLDER / "nobody.http"
SLOW = _FOLDER / "slow.http"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where HAProxy listens for HTTPS, with which certificate, and for which local sockets."""

    address: str
    port: int
    certificate: Issued
    sockets: Mapping[str, Path]


def haproxy_cfg(agents: Entrance, agents_authority: Path, staff: Entrance | None = None) -> str:
    """Return the text of haproxy.cfg; ``sockets`` are the processes behind, by name."""
    values = {
        "AGENTS": str(agents_authority),
        "NOBODY": str(NOBODY),
        "SLOW": str(SLOW),
        "BODY_BYTES_MAX": str(BODY_BYTES_MAX),
    }
    sections = [_section("agents.cfg", agents, values | {"GATEWAYS": _servers(agents.sockets)})]
    if staff is not None:
        sections.append(_section("staff.cfg", staff, {"STAFF": _servers(staff.sockets)}))
    return _filled("haproxy.cfg", {"SECTIONS": "\n".join(sections)})


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
