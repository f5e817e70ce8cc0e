"""What a broker is dialled with, read from files that may be replaced while this runs."""

import logging
import ssl
from pathlib import Path

from adapters.amqp.tls import BufferedContext, client_context
from hub.errors import SettingsError
from hub.settings import Broker

_log = logging.getLogger(__name__)

# Why files cannot be used: missing, not belonging together, open to others.
Unusable = (OSError, ssl.SSLError, SettingsError)


class Identity:
    """One broker's authority, list of who is revoked, own certificate and key.

    Certificate and key are two files, so for a moment they do not belong together: what was read
    before is kept until they do.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._context: BufferedContext | None = None
        self._read: object = None
        self._unfit: object = None
        self._said = False

    def context(self) -> BufferedContext:
        """Return the newest that can be used; one of ``Unusable`` where there never was any."""
        if self._context is None:
            state = self._state()
            self._context, self._read = client_context(self._broker), state
        else:
            self.renewed()
        return self._context

    def renewed(self) -> bool:
        """Return whether files were replaced since, by others that can be used."""
        state = self._state()
        if state == self._read:
            return False
        try:
            self._context = client_context(self._broker)
        except Unusable as error:
            self._keep(state, error)
            return False
        self._read, self._unfit, self._said = state, None, False
        return True

    def _keep(self, state: object, error: Exception) -> None:
        # The first look may have come between two files.
        if state == self._unfit and not self._said:
            self._said = True
            facts = {"broker": self._broker.section, "reason": str(error)[:300]}
            _log.warning("amqp.files_unusable", extra=facts)
        self._said = self._said and state == self._unfit
        self._unfit = state

    def _state(self) -> object:
        broker = self._broker
        files = (broker.authority, broker.certificate, broker.key, broker.crl)
        return [_stamp(path) for path in files if path != Path()]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
