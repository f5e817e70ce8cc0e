"""Keys to seal and sign with, made for one test and for nothing else."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.sealing import Keyring, Sealed, Sealing
from adapters.sealing.keys import new_key, write_key
from deploy.components import key_uses
from hub.ports import Clock

NAMES = ("gateway-1", "gateway-2", "hub", "hub-1", "hub-2", "operator-1", "ticketing-1")


class Keys:
    """A folder of private keys and the keyring of their public ones."""

    def __init__(self, folder: Path, since: datetime | None = None) -> None:
        """``since``: when the keys begin to be good; a day ago where none is given."""
        self.settings = Sealing(folder / "keys", folder / "keyring.json", reload_seconds=0.0)
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

    def of(self, name: str, clock: Clock) -> Sealed:
        """Return the keys of one component."""
        return Sealed(self.settings, name, clock)

    def change(self, keyring: Keyring) -> None:
        """Replace the keyring."""
        keyring.write(self.settings.keyring)

    @property
    def keyring(self) -> Keyring:
        """The keyring as it is on disk."""
        return Keyring.read(self.settings.keyring)
