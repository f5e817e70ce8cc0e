"""Sealing in memory: the same promises without any secrecy, and the same bytes every time.

What is sealed is neither readable at a glance nor alterable, but whoever has the process has
all of it: for tests and a first look; it proves nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from hub.envelope import Wire
from hub.errors import KeyNotTrusted, NotAuthentic
from hub.sealing import Opened, bound

_HEAD = b"sealed in memory:"
_MIRROR = bytes(255 - number for number in range(256))
_MAC_BYTES = 32
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class MemoryKeys:
    """Who is known, and who no more; shared by all that seal and open in one process."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self._secret = b"of this process"

    def mac(self, sender: str, what: bytes) -> bytes:
        """Return what only a component that has the sender's key can add."""
        return hmac.digest(self._secret + sender.encode(), what, hashlib.sha256)


class MemorySealer:
    """Implements ``hub.sealing.Sealer``."""

    def __init__(self, keys: MemoryKeys, name: str) -> None:
        self._keys = keys
        self._name = name

    def seal(self, wire: Wire, route: str, readers: Sequence[str]) -> Wire:
        """Return the message with its body mirrored, for ``readers``."""
        revoked = [reader for reader in readers if reader in self._keys.revoked]
        if revoked:
            raise KeyNotTrusted(f"{revoked[0]} has no key to be sealed to in the keyring.")
        head = json.dumps([self._name, list(readers)]).encode()
        body = wire.body.translate(_MIRROR)
        mac = self._keys.mac(self._name, head + body + bound(wire, route))
        return wire._replace(body=b"".join((_HEAD, head, b"\n", mac, body)))


class MemoryOpener:
    """Implements ``hub.sealing.Opener`` for a component and all of its kind."""

    def __init__(self, keys: MemoryKeys, name: str) -> None:
        self._keys = keys
        self._owners = {name, name.partition("-")[0]}

    def open(self, wire: Wire, route: str) -> Opened:
        """Return the message with its body in clear, and who sealed it."""
        head, _, rest = wire.body.removeprefix(_HEAD).partition(b"\n")
        mac, body = rest[:_MAC_BYTES], rest[_MAC_BYTES:]
        try:
            sender, readers = json.loads(head)
            known = self._keys.mac(sender, head + body + bound(wire, route))
        except (ValueError, AttributeError, TypeError) as error:
            raise NotAuthentic("The body is not sealed.") from error
        if not wire.body.startswith(_HEAD) or not hmac.compare_digest(mac, known):
            raise NotAuthentic("The body, a header or the route is not what was sealed.")
        if sender in self._keys.revoked:
            raise KeyNotTrusted(f"{sender}'s key is revoked.")
        if not self._owners.intersection(readers):
            raise KeyNotTrusted(f"{sender} sealed it to others, or to a key not kept here.")
        return Opened(wire._replace(body=body.translate(_MIRROR)), sender, *_ALWAYS)
