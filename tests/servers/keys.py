"""Keys to seal and sign with, made for one test and for nothing else."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.clock import SystemClock
from adapters.sealing import Keyring, Sealed, Sealing
from adapters.sealing.keys import new_key, write_key
from deploy.components import key_uses
from hub.envelope import Wire
from hub.messages import REPLIES_EXCHANGE, Lane, sealed_route
from hub.places import HUB, OPERATOR
from hub.ports import Clock
from hub.sealing import Sealer, opened_from

NAMES = (
    "gateway-1",
    "gateway-2",
    "hub",
    "operator",
    "hub-1",
    "hub-2",
    "operator-1",
    "ticketing-1",
)


def inward(lane: Lane = Lane.REQUESTS) -> tuple[str, tuple[str, ...]]:
    """Return the route and the readers of what a gateway sends."""
    return sealed_route(lane), (HUB, OPERATOR)


class Keys:
    """A folder of private keys and the keyring of their public ones."""

    def __init__(
        self, folder: Path, since: datetime | None = None, *, reload_seconds: float = 0.0
    ) -> None:
        """``since``: when the keys begin to be good; a day ago where none is given."""
        self.settings = Sealing(
            folder / "keys", folder / "keyring.json", reload_seconds=reload_seconds
        )
        self._known: dict[str, Sealed] = {}
        self._sealers: dict[str, Sealer] = {}
        self.since = since or datetime.now(UTC) - timedelta(days=1)

    def make(self, names: Iterable[str] = NAMES) -> "Keys":
        """Make the keys of components, beside those that are there."""
        path = self.settings.keyring
        keyring = Keyring.read(path) if path.exists() else Keyring()
        for name in names:
            for use in key_uses(name):
                pair = new_key(use)
                write_key(self.settings.keys / name, pair)
                keyring = keyring.with_key(name, pair, self.since)
        keyring.write(path)
        return self

    def of(self, name: str, clock: Clock | None = None) -> Sealed:
        """Return the keys of one component, each time the same unless a clock is given."""
        if clock is not None:
            return Sealed(self.settings, name, clock)
        if name not in self._known:
            self._known[name] = Sealed(self.settings, name, SystemClock())
        return self._known[name]

    def seal(self, wire: Wire, name: str = "gateway-1", lane: Lane = Lane.REQUESTS) -> Wire:
        """Return a message as the gateway ``name`` seals it."""
        if name not in self._sealers:
            self._sealers[name] = self.of(name).sealer
        return self._sealers[name].seal(wire, *inward(lane))

    def opened(self, wire: Wire, name: str = "gateway-1") -> Wire:
        """Return a reply that a hub sealed to the gateway ``name``, in clear."""
        return opened_from(self.of(name).opener, wire, REPLIES_EXCHANGE, HUB)

    @property
    def section(self) -> dict[str, str]:
        """The section of a zone's configuration."""
        return {"keys": str(self.settings.keys), "keyring": str(self.settings.keyring)}

    def change(self, keyring: Keyring) -> None:
        """Replace the keyring."""
        keyring.write(self.settings.keyring)

    @property
    def keyring(self) -> Keyring:
        """The keyring as it is on disk."""
        return Keyring.read(self.settings.keyring)
