"""Telling the inside what the guard stopped: the books must not count it as lost.

What is refused lies in the quarantine outside, which the inside cannot see. Before it is put
there, a notice crosses: which transmission it says it is, the digest of its bytes, and why.
"""

import itertools
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from xml.sax.saxutils import escape

from hub.envelope import (
    Message,
    RequestId,
    Transmission,
    Wire,
    request_of,
    to_wire,
    transmission_of,
)
from hub.errors import MalformedEnvelope
from hub.messages import EVIDENCE, INWARD_EXCHANGE, inside_queue, message_type
from hub.ports import Address, Clock, Published, Publisher, Quarantine

STOPPED = message_type("Stopped.1")
_TO = Address(INWARD_EXCHANGE, inside_queue(STOPPED.application, STOPPED.lane))
_TOLD = (Published.CONFIRMED, Published.RETURNED)


class NoticedQuarantine:
    """Implements ``hub.ports.Quarantine``: first tells the inside, then has it kept outside.

    Where the inside cannot be told, it is not kept either, and is offered again. What names no
    transmission is kept without a word. The same message stopped again is the same notice.
    """

    def __init__(
        self, quarantine: Quarantine, publisher: Publisher, *, place: str, clock: Clock
    ) -> None:
        """``publisher`` is that of the inside broker, ``place`` the hub's account there."""
        self._quarantine = quarantine
        self._publisher = publisher
        self._place = place
        self._clock = clock
        self._boot = _boot(clock.now())
        self._numbers = itertools.count(1)

    def keep(self, wire: Wire, reason: str, settled: Callable[[Published], None]) -> None:
        """Tell of it and store it durably, then call ``settled`` once."""
        try:
            document = stopped(wire, reason)
        except MalformedEnvelope:
            self._quarantine.keep(wire, reason, settled)
            return
        self._publisher.publish(
            _TO, self._notice(document), partial(self._told, wire, reason, settled)
        )

    def _told(
        self, wire: Wire, reason: str, settled: Callable[[Published], None], outcome: Published
    ) -> None:
        # Where no queue takes it nobody keeps books: nothing is waited for.
        if outcome in _TOLD:
            self._quarantine.keep(wire, reason, settled)
        else:
            settled(outcome)

    def _notice(self, document: bytes) -> Wire:
        now = self._clock.now()
        message = Message(
            type=STOPPED.key,
            id=RequestId(f"hub:{self._place}", STOPPED.name, sha256(document).hexdigest()),
            transmission=Transmission(self._place, self._boot, next(self._numbers)),
            accepted_at=now,
            body=document,
        )
        return to_wire(message.passed(self._place, now), account=self._place)


def stopped(wire: Wire, reason: str) -> bytes:
    """Return the document that tells of a stopped message; MalformedEnvelope if it has no name."""
    sent, request = transmission_of(wire), request_of(wire)
    if not request:
        raise MalformedEnvelope("It has no request id.")
    readable = "".join(letter if letter.isprintable() else "?" for letter in reason)
    fields = (
        ("Origin", sent.origin),
        ("Boot", sent.boot),
        ("Sequence", str(sent.sequence)),
        ("Request", request),
        ("Crossed", sha256(wire.body).hexdigest()),
        ("Reason", " ".join(readable.split()) or "no reason"),
    )
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields)
    return f'<Stopped xmlns="{EVIDENCE}">{inner}</Stopped>'.encode()


def _boot(now: datetime) -> str:
    return f"{int(now.timestamp() * 1_000_000):x}"
