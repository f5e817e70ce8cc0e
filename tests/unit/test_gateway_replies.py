"""Nothing is sent that does not stand in the gateway's book first."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from adapters.memory.sealing import MemoryKeys, MemorySealer
from dmz_gateway.books.book import NotWritten
from dmz_gateway.replies import Expected, Replies
from hub.envelope import Message, Wire
from hub.messages import Lane
from hub.ports import Address, Published
from tests.unit.hub_world import CountedMetrics, booking


class Way:
    """The book and the way to the broker; ``steps`` is what was asked of them, in order."""

    def __init__(self, *, writes: bool = True, ready: bool = True) -> None:
        self.steps: list[str] = []
        self._writes = writes
        self._ready = ready

    def ready(self) -> bool:
        """Return whether the broker is there."""
        return self._ready

    def ahead(self, _message: Message, _wire: Wire) -> Callable[[Published], None]:
        """Write down, or say that the disk is full."""
        if not self._writes:
            raise NotWritten("The disk is full.")
        self.steps.append("booked")
        return lambda published: self.steps.append(published.value)

    def send(
        self, _to: Address, _wire: Wire, ended: Callable[[Published], None] = lambda _: None
    ) -> Published:
        """Send, and have it confirmed."""
        self.steps.append("sent")
        ended(Published.CONFIRMED)
        return Published.CONFIRMED

    def expect(self, correlation: str) -> AbstractContextManager[Expected]:
        """Nobody waits here."""
        raise AssertionError(correlation)


@pytest.mark.parametrize(
    ("way", "lane", "published", "steps"),
    [
        (Way(), Lane.REQUESTS, Published.CONFIRMED, ["booked", "sent", "confirmed"]),
        (Way(writes=False), Lane.REQUESTS, Published.NOT_SENT, []),
        (Way(ready=False), Lane.REQUESTS, Published.NOT_SENT, []),
        (Way(writes=False), Lane.QUERIES, Published.CONFIRMED, ["sent"]),
    ],
    ids=["a request", "on a full disk", "without a broker", "a question"],
)
def test_a_request_is_booked_then_sent_then_ended(
    way: Way, lane: Lane, published: Published, steps: list[str]
) -> None:
    """What the book does not take is not sent; of questions no book is kept."""
    sealer = MemorySealer(MemoryKeys(), "gateway-1")
    replies = Replies(
        way,
        way,
        CountedMetrics(),
        account="gateway-1",
        sealer=sealer,
        readers=lambda: ("hub",),
        waiting_max=1,
    )
    assert replies.ask(booking(), lane, 0).published is published
    assert way.steps == steps
