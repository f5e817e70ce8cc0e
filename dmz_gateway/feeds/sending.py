"""A feed's bookings cross in parts, each a message like any other, one after the other."""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from dmz_gateway.agents import refusals
from dmz_gateway.agents.faults import Faulted
from dmz_gateway.feeds.reading import FeedReader, Item
from dmz_gateway.replies import Replies
from hub.counting import from_nought
from hub.envelope import Message, RequestId, Transmission
from hub.messages import FEEDS, Lane, message_type
from hub.ports import Clock, Metrics, Published
from hub.traffic import Targets

FEED_PART = message_type("FeedPart.1")
# So many bookings are handled in one transaction inside: whatever is urgent waits for it.
PART_ITEMS_MAX = 20
PAUSE_SECONDS = 1.0


class Process(NamedTuple):
    """The gateway process that sends: its name, its start, and how it numbers what it sends."""

    origin: str
    boot: str
    sequence: Callable[[], int]

    def transmission(self) -> Transmission:
        """Return the next transmission."""
        return Transmission(self.origin, self.boot, self.sequence())


class Sender:
    """Sends feeds inward as one gateway process."""

    def __init__(
        self,
        replies: Replies,
        process: Process,
        *,
        clock: Clock,
        metrics: Metrics,
        drained: Callable[[], Targets],
        patience_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._replies = replies
        self._process = process
        self._clock, self._metrics = clock, metrics
        self._drained, self._sleep = drained, sleep
        from_nought(metrics, "lupu_gateway_feed_bookings_total")
        self._patience_seconds = patience_seconds

    def send(self, sender: str, sign_in: str, reader: FeedReader, wait: Callable[[], None]) -> int:
        """Send a feed as it is read; return how many bookings were accepted.

        ``wait`` is called before each part, to keep to the agency's rate. Faulted where a part is
        not accepted: those before are, and the feed may be sent again from its beginning.
        """
        items, accepted = reader.items(), 0
        while True:
            batch = list(islice(items, PART_ITEMS_MAX))
            is_last = reader.totals is not None
            wait()
            message = self._part(sender, sign_in, reader, accepted + 1, batch)
            self._publish(message, accepted)
            accepted += len(batch)
            self._metrics.count("lupu_gateway_feed_bookings_total", len(batch))
            if is_last:
                return accepted

    def _publish(self, message: Message, accepted: int) -> None:
        if self._drained().among(FEED_PART, message.id.sender, "") is not None:
            raise Faulted(refusals.FEED_INTERRUPTED if accepted else refusals.NOT_TAKEN_NOW)
        until = self._clock.monotonic() + self._patience_seconds
        while True:
            published = self._replies.ask(message, Lane.BULK, 0.0).published
            if published is Published.CONFIRMED:
                return
            if self._clock.monotonic() > until:
                raise Faulted(refusals.FEED_INTERRUPTED, f"Accepted: {accepted} bookings.")
            self._sleep(PAUSE_SECONDS)
            message = message._replace(transmission=self._process.transmission())

    def _part(
        self, sender: str, sign_in: str, reader: FeedReader, first: int, items: Iterable[Item]
    ) -> Message:
        now = self._clock.now()
        inner = b"".join(item.element for item in items)
        if reader.totals is not None:
            inner += reader.totals.element
        head = f"<FeedReference>{reader.feed}</FeedReference><First>{first}</First>"
        body = f'<FeedPart xmlns="{FEEDS}">{head}'.encode() + inner + b"</FeedPart>"
        return Message(
            type=FEED_PART.key,
            id=RequestId(sender, FEED_PART.name, f"{reader.feed}.{first}"),
            transmission=self._process.transmission(),
            accepted_at=now,
            body=body,
            sign_in=sign_in,
        ).passed(self._process.origin, now)
