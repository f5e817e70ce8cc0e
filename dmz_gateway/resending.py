"""What a broker of several nodes did not take is sent again: another of them may."""

import time
from collections.abc import Callable

from dmz_gateway.patience import Patience
from dmz_gateway.replies import Asked
from hub.messages import Lane
from hub.ports import Published

PAUSE_SECONDS = 0.2
_NOT_TAKEN = (Published.UNKNOWN, Published.NOT_SENT, Published.REFUSED)


class Resending:
    """Sends again what was not taken, for ``seconds`` from the first of its lane that was not.

    It may have gone with its connection, have found its broker slow since it was last looked at,
    or its queue between two leaders. Once the time is over nothing is sent again until something
    was taken: a queue that is full costs its first requests the time, and all others none.
    """

    def __init__(self, patience: Patience, seconds: float) -> None:
        self._patience = patience
        self._seconds = seconds
        self._since: dict[Lane, float] = {}

    def until_taken(self, lane: Lane, send: Callable[[], Asked]) -> Asked:
        """Send; ``send`` makes a new transmission each time. Return how the last one ended."""
        asked = send()
        while asked.published in _NOT_TAKEN and asked.reply is None and self._again(lane):
            asked = send()
        if asked.published is Published.CONFIRMED:
            self._since.pop(lane, None)
        return asked

    def _again(self, lane: Lane) -> bool:
        now = time.monotonic()
        if now - self._since.setdefault(lane, now) >= self._seconds:
            return False
        time.sleep(PAUSE_SECONDS)
        return self._patience.ready()
