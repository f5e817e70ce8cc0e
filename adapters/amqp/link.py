"""One connection that is kept up for ever: mutual TLS, backoff with jitter, few log lines."""

import logging
import ssl
from collections.abc import Callable
from typing import Any

import pika
from pika.credentials import ExternalCredentials

from adapters.amqp.connection import WholeMessageConnection
from adapters.amqp.loop import Loop
from adapters.amqp.tls import BufferedContext
from hub.backoff import Backoff
from hub.settings import Broker

_log = logging.getLogger(__name__)

RETRY_SECONDS_FIRST = 0.2
RETRY_SECONDS_MAX = 15.0


def parameters(broker: Broker, purpose: str) -> pika.ConnectionParameters:
    """Return what pika needs to dial ``broker`` with this component's certificate."""
    context = BufferedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(broker.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(broker.certificate), str(broker.key))
    return pika.ConnectionParameters(
        host=broker.host,
        port=broker.port,
        virtual_host=broker.virtual_host,
        credentials=ExternalCredentials(),
        ssl_options=pika.SSLOptions(context, broker.name),
        heartbeat=broker.heartbeat_seconds,
        socket_timeout=broker.connect_seconds,
        stack_timeout=broker.connect_seconds,
        connection_attempts=1,
        client_properties={"connection_name": purpose},
    )


class Link:
    """Dials, and dials again after any trouble; says so once when it breaks and once when it is
    mended. All callbacks run on the loop's thread.

    ``purpose`` is completed by the broker's side: "hub-1 consumes from" the outside broker.
    """

    def __init__(
        self,
        loop: Loop,
        broker: Broker,
        purpose: str,
        *,
        opened: Callable[[Any], None],
        closed: Callable[[], None],
    ) -> None:
        self.loop = loop
        self.connection: Any = None
        self._broker = broker
        self.purpose = f"{purpose} the {broker.section.replace('_', ' ') or 'broker'}"
        self._opened = opened
        self._closed = closed
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
            WholeMessageConnection(
                parameters(self._broker, self.purpose),
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_open_error,
                on_close_callback=self._on_close,
                custom_ioloop=self.loop.io,
            )
        except (OSError, ssl.SSLError) as error:  # a certificate file is missing or unreadable
            self._retry(error)

    def _on_open(self, connection: Any) -> None:
        if self._backoff.failures:
            _log.info("amqp.connected_again", extra={"link": self.purpose})
        else:
            _log.info("amqp.connected", extra={"link": self.purpose})
        self._backoff.reset()
        self.connection = connection
        if self._stopping:
            connection.close()
            return
        self._opened(connection)

    def _on_open_error(self, _connection: Any, error: BaseException | str) -> None:
        self._retry(error)

    def _on_close(self, _connection: Any, error: BaseException) -> None:
        self.connection = None
        self._closed()
        self._retry(error)

    def _retry(self, error: BaseException | str) -> None:
        if self._stopping:
            return
        if self._backoff.failures == 0:
            _log.warning("amqp.away", extra={"link": self.purpose, "reason": first_line(error)})
        self.loop.call_later(self._backoff.next_seconds(), self._dial)

    def _stop(self) -> None:
        self._stopping = True
        if self.connection is not None and self.connection.is_open:
            self.connection.close()


def first_line(error: BaseException | str) -> str:
    """Return why a dial failed; pika's errors say it in their representation alone."""
    text = error if isinstance(error, str) else repr(error)
    return text.splitlines()[0][:300] if text else "unknown"
