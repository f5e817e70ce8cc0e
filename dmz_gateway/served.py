"""One gateway process, put together; the same on real brokers and on those in memory."""

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from flask import Flask

from adapters.agents import Directory, read_agents
from adapters.published import Edition, Snapshot, listen
from adapters.soap.wsdl import Contract
from adapters.xml import Schemas
from dmz_gateway.agents.endpoint import Endpoint
from dmz_gateway.agents.forwarding import Forwarding
from dmz_gateway.agents.offers import Catalogue, read_offers
from dmz_gateway.agents.replays import Replays
from dmz_gateway.agents.sign_in import SignIn
from dmz_gateway.app import create_app
from dmz_gateway.books.book import Book
from dmz_gateway.books.pages import Pages, Signs
from dmz_gateway.feeds.endpoint import FeedEndpoint
from dmz_gateway.feeds.sending import Process, Sender
from dmz_gateway.health import Health
from dmz_gateway.links import Feed, Opening, Take, take_replies
from dmz_gateway.replies import Replies, Requests
from dmz_gateway.settings import Gateway
from dmz_gateway.traffic import read_traffic
from hub.messages import MessageType, message_type, published_stream, reply_queue
from hub.ports import Clock, Metrics
from hub.sealing import Opener, Readers, Sealer
from hub.settings import Tracing
from hub.trace import Edge, Tracer, Untraced
from hub.traffic import Kind, Targets

_log = logging.getLogger(__name__)

AGENTS = message_type("Agents.1")
OFFERS = message_type("Offers.1")
TRAFFIC = message_type("Traffic.1")
_REPLAYS_KEPT_WINDOWS = 2
_NOTHING = Targets()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a gateway is made of.

    ``name`` is its broker account, ``boot`` this start of it; ``readers`` open what it sends,
    ``signs`` gives the key with which pages of its books are signed now.
    """

    name: str
    boot: str
    settings: Gateway
    schemas: Schemas
    clock: Clock
    metrics: Metrics
    requests: Requests
    sealer: Sealer
    opener: Opener
    readers: Readers
    signs: Signs | None = None
    tracing: Tracing = field(default_factory=Tracing)
    tracer: Tracer = field(default_factory=Untraced)


class Served:
    """A gateway: its web application, and what it takes from the outside broker."""

    def __init__(self, parts: Parts) -> None:
        """Load the last snapshots from disk and build the application; opens no connection."""
        self._parts = parts
        folder = parts.settings.snapshots
        self._sequence: Callable[[], int] = itertools.count(1).__next__
        self.book = self._book()
        self._replies = self._asking(parts.settings.waiting_max)
        self.pages = self._pages()
        self.agents: Snapshot[Directory] = self._snapshot(AGENTS, folder, read_agents)
        self.offers: Snapshot[Catalogue] = self._snapshot(OFFERS, folder, read_offers)
        self.traffic: Snapshot[Targets] = self._snapshot(TRAFFIC, folder, read_traffic)
        contract = Contract(parts.settings.public_url)
        health = Health(parts.requests.ready, self.agents, self.offers, self.is_drained)
        self._sign_in = self._signing_in()
        self.wsgi: Flask = create_app(self._endpoint(contract), self._feeds(), contract, health)

    def subscribe(self, feed: Feed, deliver_reply: Take) -> None:
        """Take replies and published documents from ``feed``; before it is started."""
        parts = self._parts
        take_replies(feed, reply_queue(parts.name, parts.boot), deliver_reply)
        published = ((AGENTS, self.agents), (OFFERS, self.offers), (TRAFFIC, self.traffic))
        for row, snapshot in published:
            stream = published_stream(row)
            opening = Opening(parts.opener, stream, snapshot, parts.metrics)
            listen(feed, stream, opening)
            snapshot.start_thread()

    def send_pages(self) -> None:
        """Send the books inward from now on, on a thread."""
        self.pages.start_thread(self._parts.settings.book_page_seconds)

    def close(self) -> None:
        """Close the books in good order; nothing is sent any more."""
        self.pages.stop()
        self.book.close()

    def measure_every(self, seconds: float) -> None:
        """Keep the gauges of age and readiness up to date, on a thread."""
        threading.Thread(target=self._measure, args=(seconds,), name="gauges", daemon=True).start()

    def drained(self) -> Targets:
        """Return of what nothing new is accepted: nothing, as long as nobody has said so."""
        edition = self.traffic.edition
        return _NOTHING if edition is None else edition.content

    def is_drained(self) -> bool:
        """Return whether this gateway itself is to get nothing new."""
        return self.drained().has(Kind.GATEWAY, self._parts.name)

    def _measure(self, seconds: float) -> None:
        ticks = threading.Event()
        while not ticks.wait(seconds):
            self.agents.measure()
            self.offers.measure()
            self.traffic.measure()
            ready = self._parts.requests.ready()
            self._parts.metrics.gauge("lupu_gateway_publisher_ready", float(ready))
            self._parts.metrics.gauge("lupu_gateway_drained", float(self.is_drained()))

    def _snapshot(
        self, row: MessageType, folder: Path, read: Callable[..., Edition[T]]
    ) -> Snapshot[T]:
        schemas = self._parts.schemas

        def checked(body: bytes) -> Edition[T]:
            return read(schemas.values(schemas.read(row.element, body)))

        snapshot = Snapshot(
            row, folder, read=checked, clock=self._parts.clock, metrics=self._parts.metrics
        )
        snapshot.load()
        return snapshot

    def _endpoint(self, contract: Contract) -> Endpoint:
        parts, settings = self._parts, self._parts.settings
        return Endpoint(
            contract.service,
            settings,
            schemas=parts.schemas,
            sign_in=self._sign_in,
            forwarding=self._forwarding(),
            offers=self.offers,
            clock=parts.clock,
            metrics=parts.metrics,
            edge=Edge(parts.tracing.recorded),
            tracer=parts.tracer,
        )

    def _signing_in(self) -> SignIn:
        settings = self._parts.settings
        window_seconds = settings.token_window_seconds
        return SignIn(
            self.agents,
            Replays(settings.replays, window_seconds * _REPLAYS_KEPT_WINDOWS),
            self._parts.clock,
            window_seconds=window_seconds,
            age_seconds_max=settings.credentials_age_seconds_max,
        )

    def _feeds(self) -> FeedEndpoint:
        parts = self._parts
        process = Process(parts.name, parts.boot, self._sequence)
        return FeedEndpoint(
            parts.settings,
            schemas=parts.schemas,
            sign_in=self._sign_in,
            sender=Sender(
                self._replies,
                process,
                clock=parts.clock,
                metrics=parts.metrics,
                drained=self.drained,
                patience_seconds=parts.settings.feed_patience_seconds,
            ),
            replies=self._replies,
            process=process,
            clock=parts.clock,
            metrics=parts.metrics,
        )

    def _book(self) -> Book:
        parts, settings = self._parts, self._parts.settings
        return Book(
            settings.books_of(parts.name),
            parts.name,
            parts.boot,
            clock=parts.clock,
            metrics=parts.metrics,
            bytes_max=settings.book_bytes_max,
        )

    def _asking(self, waiting_max: int) -> Replies:
        parts = self._parts
        return Replies(
            parts.requests,
            self.book,
            parts.metrics,
            account=parts.name,
            sealer=parts.sealer,
            readers=parts.readers,
            waiting_max=waiting_max,
            broker_wait_seconds=parts.settings.broker_wait_seconds,
        )

    def _pages(self) -> Pages:
        parts, settings = self._parts, self._parts.settings
        return Pages(
            self.book,
            self._asking(1),  # they take no seat from agencies, nor these from them
            schemas=parts.schemas,
            clock=parts.clock,
            metrics=parts.metrics,
            sequence=self._sequence,
            wait_seconds=max(settings.reply_wait_seconds, settings.book_page_seconds),
            kept_days=settings.books_kept_days,
            signs=parts.signs,
            resend_seconds=2 * settings.recent_seconds,
        )

    def _forwarding(self) -> Forwarding:
        parts = self._parts
        return Forwarding(
            parts.name,
            parts.boot,
            self._sequence,
            settings=parts.settings,
            replies=self._replies,
            contracts=parts.schemas,
            clock=parts.clock,
            metrics=parts.metrics,
            traced=parts.tracing.carried,
            drained=self.drained,
        )
