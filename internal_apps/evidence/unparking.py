"""Pages that were parked for a key nobody trusted yet: taken up again once it is trusted."""

import logging

from adapters.database import SqlParked
from hub.due import Due
from hub.errors import KeyNotTrusted
from hub.parked import ParkedShelf
from hub.parking import Ended, Shown
from internal_apps.answering import refused
from internal_apps.evidence.handlers import Handlers
from internal_apps.serving import Surroundings

_log = logging.getLogger(__name__)

COUNT_MAX = 100


class Unparking:
    """A chore: has a parked page handled again once the keyring has its key.

    Its gateway sends no other page meanwhile. The keyring is mended by people, who need not
    remember the page too. One of a key that is revoked stays parked until they decide on it.
    """

    def __init__(self, around: Surroundings, handlers: Handlers, seconds: float) -> None:
        """Look every ``seconds``."""
        self._shelf = ParkedShelf(SqlParked(around.store), around.schemas, refused)
        self._handlers = handlers
        self._is_due = Due(around.clock, seconds)

    def __call__(self) -> None:
        """Look, if it is time."""
        if not self._is_due():
            return
        parked = self._shelf.list(kind=KeyNotTrusted.__name__, count_max=COUNT_MAX).kept
        names = [one.id for one in parked if self._is_trusted(one.id)]
        self._shelf.replay(names, _Logged())

    def _is_trusted(self, name: str) -> bool:
        message = self._shelf.effective(name)
        return message is not None and self._handlers.trusts(message)


class _Logged:
    """Implements ``hub.parking.Record``: nobody decided anything, so it is only logged."""

    def begin(self, shown: Shown) -> None:
        """Let it be done."""

    def ended(self, ended: Ended) -> None:
        """Say what became of it."""
        _log.info("evidence.page_taken_up", extra={"request": ended.id, "end": ended.end.value})
