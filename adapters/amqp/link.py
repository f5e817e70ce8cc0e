"""One connection that is kept up for ever: mutual TLS, backoff with jitter, few log lines."""

import itertools
import logging
import random
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
from pika.credentials import ExternalCredentials

from adapters.amqp.connection import WholeMessageConnection
from adapters.amqp.dialling import Services
from adapters.amqp.identity import Identity, Unusable
from adapters.amqp.loop import Loop
from adapters.amqp.tls import client_context
from hub.backoff import Backoff
from hub.settings import Broker

_log = logging.getLogger(__name__)

RETRY_SECONDS_FIRST = 0.2
RETRY_SECONDS_MAX = 15.0
TURN_SECONDS = 0.2
MOVE_SECONDS_MAX = 60.0

Done = Callable[[], None]


def parameters(
    broker: Broker, purpose: str, context: ssl.SSLContext | None = None, *, host: str = ""
) -> pika.ConnectionParameters:
    """Return what pika needs to dial ``broker``, or this node of it, as this component."""
    host = host or broker.host
    return pika.ConnectionParameters(
        host=host,
        port=broker.port,
        virtual_host=broker.virtual_host,
        credentials=ExternalCredentials(),
        ssl_options=pika.SSLOptions(context or client_context(broker), broker.certified(host)),
        heartbeat=broker.heartbeat_seconds,
        socket_timeout=broker.connect_seconds,
        stack_timeout=broker.connect_seconds,
        connection_attempts=1,
        client_properties={"connection_name": purpose},
    )


class Link:
    """Dials, and dials again after any trouble; says so once when it breaks and once when it is
    mended. All callbacks run on the loop's thread. Each dial is of the next node of a cluster.

    ``purpose`` is completed by the broker's side: "hub-1 consumes from" the outside broker. Once
    its files were replaced it opens a second connection with them, and ``moves`` takes all work
    there; the first goes when that is done. One link of a loop does so at a time; without
    ``moves`` it stays as it is.
    """

    def __init__(
        self,
        loop: Loop,
        broker: Broker,
        purpose: str,
        *,
        opened: Callable[[Any], None],
        closed: Callable[[], None],
        moves: Callable[[Any, Done], None] | None = None,
    ) -> None:
        self.loop = loop
        self.connection: Any = None
        self.successor: Any = None
        self._broker = broker
        # From anywhere on, so that all processes together use all nodes.
        hosts = random.sample(broker.hosts, len(broker.hosts))
        self._hosts, self._host = itertools.cycle(hosts), ""
        self._identity = Identity(broker)
        self._due = self._refused = False
        self.purpose = f"{purpose} the {broker.section.replace('_', ' ') or 'broker'}"
        self._opened = opened
        self._closed = closed
        self._moves = moves
        self._backoff = Backoff(RETRY_SECONDS_FIRST, RETRY_SECONDS_MAX)
        self._stopping = False

    def start(self) -> None:
        """Dial; returns at once."""
        self.loop.call(self._dial)

    def stop(self) -> None:
        """Close for good; returns at once."""
        self.loop.call(self._stop)

    def closed(self) -> bool:
        """Return whether there is no connection."""
        return self.connection is None

    def break_off(self, reason: str) -> None:
        """Drop the connection and dial anew, after an answer that makes no sense, or none."""
        _log.warning("amqp.broken_off", extra={"link": self.purpose, "reason": reason})
        if self.connection is not None:
            self.connection.cut(reason)

    def _dial(self) -> None:
        if self._stopping:
            return
        try:
            context = self._identity.context()
            self._connect(context, self._on_open, self._on_open_error)
        except Unusable as error:
            self._retry(error)

    def _connect(
        self,
        context: ssl.SSLContext,
        opened: Callable[[Any], None],
        failed: Callable[[Any, BaseException | str], None],
    ) -> None:
        self._host = next(self._hosts)
        WholeMessageConnection(
            parameters(self._broker, self.purpose, context, host=self._host),
            on_open_callback=opened,
            on_open_error_callback=failed,
            on_close_callback=self._on_close,
            custom_ioloop=Services(self.loop.io),
        )

    def _on_open(self, connection: Any) -> None:
        said = {"link": self.purpose, "host": self._host}
        if self._backoff.failures:
            _log.info("amqp.connected_again", extra=said)
        else:
            _log.info("amqp.connected", extra=said)
        self._backoff.reset()
        self.connection = connection
        if self._stopping:
            connection.close()
            return
        self._opened(connection)
        self._due = self._refused = False
        self._look_later(connection)

    def _on_open_error(self, _connection: Any, error: BaseException | str) -> None:
        self._retry(error)

    def _on_close(self, connection: Any, error: BaseException) -> None:
        if connection is self.successor:
            self._leave_successor()
            self.break_off(f"the connection that was to follow it closed: {first_line(error)}")
        elif connection is self.connection:
            self._leave_successor()
            self.connection = None
            self._closed()
            self._retry(error)

    def _retry(self, error: BaseException | str) -> None:
        if self._stopping:
            return
        if self._backoff.failures == 0:
            said = {"link": self.purpose, "host": self._host, "reason": first_line(error)}
            _log.warning("amqp.away", extra=said)
        self.loop.call_later(self._backoff.next_seconds(), self._dial)

    def _stop(self) -> None:
        self._stopping = True
        self._leave_successor()
        if self.connection is not None and self.connection.is_open:
            self.connection.close()

    def _look_later(self, connection: Any) -> None:
        waits = self._due and self.loop.moving is not None
        seconds = TURN_SECONDS if waits else self._broker.reload_seconds
        self.loop.call_later(seconds, partial(self._look, connection))

    def _look(self, connection: Any) -> None:
        """See whether files were replaced, as long as this connection is the one in use."""
        if connection is not self.connection or self._stopping or self._moves is None:
            return
        if self.successor is None:
            self._due = self._identity.renewed() or self._due
            if self._due and self.loop.moving is None:
                self._dial_successor()
        self._look_later(connection)

    def _dial_successor(self) -> None:
        self.loop.moving = self
        try:
            context = self._identity.context()
            self._connect(context, self._on_successor, self._on_successor_error)
        except Unusable as error:
            self._on_successor_error(None, error)

    def _on_successor_error(self, _connection: Any, error: BaseException | str) -> None:
        # The one in use goes on; the next look tries again.
        if not self._refused:
            said = {"link": self.purpose, "reason": first_line(error)}
            _log.warning("amqp.not_renewed", extra=said)
        self._refused = True
        self._leave_successor()

    def _on_successor(self, connection: Any) -> None:
        if self._stopping or self.loop.moving is not self or self._moves is None:
            connection.close()
            return
        self.successor = connection
        self.loop.call_later(MOVE_SECONDS_MAX, partial(self._overdue, connection))
        self._moves(connection, partial(self._moved, connection))

    def _moved(self, connection: Any) -> None:
        if connection is not self.successor:
            return
        before, self.connection = self.connection, connection
        self.successor, self.loop.moving = None, None
        self._due = self._refused = False
        _log.info("amqp.renewed", extra={"link": self.purpose})
        if before.is_open:
            before.close()
        self._look_later(connection)

    def _overdue(self, connection: Any) -> None:
        if connection is self.successor:
            self.break_off(f"it could not be renewed within {MOVE_SECONDS_MAX:.0f} s")

    def _leave_successor(self) -> None:
        if self.loop.moving is self:
            self.loop.moving = None
        successor, self.successor = self.successor, None
        if successor is not None and successor.is_open:
            successor.close()


def first_line(error: BaseException | str) -> str:
    """Return why a dial failed; pika's errors say it in their representation alone."""
    text = error if isinstance(error, str) else repr(error)
    return text.splitlines()[0][:300] if text else "unknown"
