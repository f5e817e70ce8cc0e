"""The configuration files of a local installation: one TOML a zone, as in a real one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from certs.authority import AUTHORITY
from certs.revocation import CRL_SUFFIX
from deploy.components import Components
from deploy.local.networks import MACHINE, Network
from deploy.local.ports import LOOPBACK, free_port
from lupu.sealing import KEYRING, KEYS

# Below the folder: what workers took in and decided, for a database that is restored.
JOURNALS = "journals"

Entry = str | int | float | bool | list[str]
Section = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of a local installation is.

    ``sockets`` is apart because a unix socket's path must be short. ``gateway`` is what gateways
    are set to beside, ``tracing`` what all are. ``outside_nodes`` and ``inside_nodes`` are the
    addresses of each broker's nodes where it is a cluster.
    """

    folder: Path
    sockets: Path
    agents_port: int
    staff_port: int
    outside_port: int
    inside_port: int
    database: Section
    gateway: Section = field(default_factory=dict)
    outside: Network = MACHINE
    inside: Network = MACHINE
    tracing: Section = field(default_factory=dict)
    outside_nodes: tuple[str, ...] = ()
    inside_nodes: tuple[str, ...] = ()

    @property
    def certificates(self) -> Path:
        """The folder of the certificate authorities."""
        return self.folder / "certificates"

    @property
    def sealing(self) -> Path:
        """The folder of the keyring and of everybody's keys to seal and sign with."""
        return self.folder / "sealing"

    @property
    def public_url(self) -> str:
        """The address that agents use."""
        return _url(self.outside.entrance, self.agents_port)

    @property
    def staff_url(self) -> str:
        """The address that the staff use."""
        return _url(self.inside.entrance, self.staff_port)

    def socket(self, name: str) -> Path:
        """Return the socket of a component."""
        return self.sockets / f"{name}.sock"

    def configuration(self, zone: str) -> Path:
        """Return the configuration file of a zone: ``outside``, ``hub`` or ``inside``."""
        return self.folder / f"{zone}.toml"


def write_zones(places: Places, components: Components) -> dict[str, int]:
    """Write the three files; return each component's metrics port."""
    names = (*components.gateways, *components.hubs, *components.workers, *components.staff)
    ports = {name: free_port() for name in names}
    outside, inside = _broker(places, "outside"), _broker(places, "inside")
    _write(
        places.configuration("outside"),
        {
            "outside_broker": outside,
            "gateway": _gateway(places),
            "edge": _edge(places) | {"agents_authority": _authority(places, "agents")},
        }
        | _all_have(places, ports),
    )
    _write(
        places.configuration("hub"),
        {"outside_broker": outside, "inside_broker": inside} | _all_have(places, ports),
    )
    staff = {"socket": str(places.sockets / "{name}.sock")}
    _write(
        places.configuration("inside"),
        {
            "inside_broker": inside,
            **_operators(components, outside),
            "database": places.database,
            "worker": {"journal": str(places.folder / JOURNALS / "{name}")},
            "staff": staff,
            "edge": _edge(places),
        }
        | _all_have(places, ports),
    )
    return ports


def _operators(components: Components, outside: Section) -> dict[str, Section]:
    """Return what lets the staff's pages reach the quarantines, if there is an operator.

    The broker outside is dialled by the operator alone.
    """
    if not components.operators:
        return {}
    return {"outside_broker": outside, "parking": {"operator": components.operators[0]}}


def _broker(places: Places, side: str) -> Section:
    folder = places.certificates / side
    is_outside = side == "outside"
    address = places.outside.broker if is_outside else places.inside.broker
    nodes = places.outside_nodes if is_outside else places.inside_nodes
    host, *others = nodes or (address,)
    return {
        "host": host,
        "other_hosts": others,
        "port": places.outside_port if is_outside else places.inside_port,
        "authority": _authority(places, side),
        "crl": str(folder / f"{AUTHORITY}{CRL_SUFFIX}"),
        "certificate": str(folder / "{name}.crt"),
        "key": str(folder / "{name}.key"),
    }


def _sealing(places: Places) -> Section:
    return {"keys": str(places.sealing / KEYS), "keyring": str(places.sealing / KEYRING)}


def _gateway(places: Places) -> Section:
    return {
        "socket": str(places.sockets / "{name}.sock"),
        "snapshots": str(places.folder / "snapshots" / "{name}"),
        "replays": str(places.folder / "replays"),
        "public_url": places.public_url,
        **places.gateway,
    }


def _edge(places: Places) -> dict[str, Entry]:
    return {"certificate": str(places.certificates / "edge" / "edge.crt")}


def _url(address: str, port: int) -> str:
    return f"https://{'localhost' if address == LOOPBACK else address}:{port}"


def _authority(places: Places, side: str) -> str:
    return str(places.certificates / side / f"{AUTHORITY}.crt")


def _all_have(places: Places, ports: Mapping[str, int]) -> dict[str, Section]:
    metrics: dict[str, Section] = {
        f"metrics.{name}": {"port": port} for name, port in ports.items()
    }
    return {"sealing": _sealing(places), "tracing": places.tracing} | metrics


def _write(path: Path, sections: Mapping[str, Section]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, entries in sections.items():
        lines.append(f"[{name}]")
        # A JSON string, number or truth value is written alike in TOML.
        lines += [f"{key} = {json.dumps(value)}" for key, value in entries.items()]
        lines.append("")
    path.write_text("\n".join(lines), "utf-8")
