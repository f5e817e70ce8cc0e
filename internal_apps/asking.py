"""Asking an application inside and waiting a while for its answer, from any thread."""

import itertools
from dataclasses import dataclass

from hub.envelope import Message, RequestId, Transmission, to_wire
from hub.messages import (
    INWARD_EXCHANGE,
    destination,
    inside_queue,
    message_type,
    reply_queue,
)
from hub.ports import Address, Answer, Clock, Published
from hub.requester import Requester
from hub.trace import Edge


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before it is sent: what for, and who of the staff asks."""

    type: str
    id: RequestId
    operator: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """How the sending ended, and the answer where it came in time."""

    published: Published
    answer: Answer | None = None


class Asking:
    """Sends requests as one process of the staff, under its own name and boot."""

    def __init__(
        self,
        requester: Requester,
        clock: Clock,
        *,
        origin: str,
        boot: str,
        wait_seconds: float,
        edge: Edge | None = None,
    ) -> None:
        """``origin`` is the component and its broker account; ``boot`` names this start of it."""
        self._requester = requester
        self._clock = clock
        self._origin = origin
        self._boot = boot
        self._wait_seconds = wait_seconds
        self._sequence = itertools.count(1)
        self._edge = edge or Edge()

    @property
    def replies(self) -> str:
        """The queue on which this process waits for replies."""
        return reply_queue(self._origin, self._boot)

    def ask(self, draft: Draft) -> Sent:
        """Send a request, durably, and wait a while for its answer."""
        message = Message(
            type=draft.type,
            id=draft.id,
            transmission=Transmission(self._origin, self._boot, next(self._sequence)),
            accepted_at=self._clock.now(),
            body=draft.body,
            reply_to=self.replies,
            operator=draft.operator,
            trace=self._edge.context()[0].parent,
        )
        row = message_type(draft.type)
        application = destination(row, draft.id.operation)
        to = Address(INWARD_EXCHANGE, inside_queue(application, row.lane))
        wire = to_wire(message, account=self._origin, persistent=True)
        with self._requester.expect(str(message.transmission)) as reply:
            published = self._requester.send(to, wire)
            certain = published in {Published.CONFIRMED, Published.UNKNOWN}
            answered = reply.wait(self._wait_seconds) if certain else None
        if answered is None:
            return Sent(published)
        return Sent(published, Answer(answered.type, answered.body))
