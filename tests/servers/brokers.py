"""Both brokers with their real definitions, and certificates for every component."""

from dataclasses import dataclass
from pathlib import Path

from certs.authority import Authority, Issued, Purpose
from deploy.brokers import definitions
from deploy.brokers.definitions import Definitions
from deploy.brokers.permissions import Permission
from deploy.components import Components
from deploy.local.broker import installed_version
from deploy.local.ports import LOOPBACK
from hub.settings import InsideBroker, OutsideBroker
from tests.contract.transports import AmqpTransport
from tests.servers.keys import Keys
from tests.servers.known import make_known
from tests.servers.meddled import Meddled

OBSERVER = "observer"
NAMES = (
    "gateway-1",
    "gateway-2",
    "hub-1",
    "hub-2",
    "ticketing-1",
    "ticketing-2",
    "evidence-1",
    "staff-1",
    "operator-1",
)


@dataclass(frozen=True, slots=True)
class Authorities:
    """One authority a side, as in an installation."""

    folder: Path
    outside: Authority
    inside: Authority
    edge: Authority
    agents: Authority

    @classmethod
    def make(cls, folder: Path) -> "Authorities":
        """Make all four under ``folder``."""
        sides = ("outside", "inside", "edge", "agents")
        return cls(folder, *(Authority.make(folder, side) for side in sides))


class Brokers:
    """The outside and the inside broker, their accounts and certificates.

    Beside the components' accounts each has ``observer``, which may do everything: tests use
    it to look where no component may, and to declare queues of their own.
    """

    def __init__(
        self,
        folder: Path,
        authorities: Authorities,
        defined: tuple[Definitions, Definitions] | None = None,
    ) -> None:
        """``defined`` outside and inside; else what the map of messages and NAMES make."""
        self.authorities = authorities
        self.keys = _keys(authorities.folder / "sealing")
        outside, inside = defined or _defined()
        self.outside_broker = self._broker(folder, authorities.outside, outside)
        self.inside_broker = self._broker(folder, authorities.inside, inside)

    def start(self) -> None:
        """Start both side by side and let hubs know the agents; what runs becomes as new."""
        for broker in (self.outside_broker, self.inside_broker):
            broker.renew()
        for broker in (self.outside_broker, self.inside_broker):
            broker.wait_ready()
        self._make_known()

    def _make_known(self) -> None:
        inside = AmqpTransport(self.inside)
        make_known(inside, OBSERVER)
        inside.close()

    def stop(self) -> None:
        """End both; their data goes with the test's folder."""
        for broker in (self.outside_broker, self.inside_broker):
            broker.destroy()

    def outside(self, name: str) -> OutsideBroker:
        """Return the settings with which component ``name`` dials the outside broker."""
        issued = self.certificate(self.authorities.outside, name)
        return OutsideBroker(
            LOOPBACK, self.outside_broker.port, issued.authority, issued.certificate, issued.key
        )

    def inside(self, name: str) -> InsideBroker:
        """Return the settings with which component ``name`` dials the inside broker."""
        issued = self.certificate(self.authorities.inside, name)
        return InsideBroker(
            LOOPBACK, self.inside_broker.port, issued.authority, issued.certificate, issued.key
        )

    @staticmethod
    def certificate(authority: Authority, name: str) -> Issued:
        """Return the certificate of ``name`` from one side's authority."""
        return authority.ensure(name, Purpose.CLIENT)

    @staticmethod
    def _broker(folder: Path, authority: Authority, defined: Definitions) -> Meddled:
        everything = Permission(OBSERVER, ".*", ".*", ".*")
        return Meddled(
            authority.side,
            folder / authority.side,
            definitions.with_account(defined, everything),
            authority.ensure("broker", Purpose.SERVER),
        )


def _keys(folder: Path) -> Keys:
    keys = Keys(folder, reload_seconds=1.0)
    return keys if keys.settings.keyring.exists() else keys.make()


def _defined() -> tuple[Definitions, Definitions]:
    components, version = Components.of(NAMES), installed_version()
    return definitions.outside(components, version), definitions.inside(components, version)
