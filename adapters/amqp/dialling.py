"""pika's way to a connection, with one ending more: the other end was gone before TLS began."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from pika.adapters.utils.nbio_interface import AbstractIOReference
from pika.adapters.utils.selector_ioloop_adapter import SelectorIOServicesAdapter


class Services(SelectorIOServicesAdapter):  # type: ignore[misc]
    """What pika asks of a loop; made anew for each connection, as pika does."""

    def create_streaming_connection(
        self,
        protocol_factory: Callable[[], Any],
        sock: socket.socket,
        on_done: Callable[[Any], None],
        ssl_context: Any = None,
        server_hostname: str | None = None,
    ) -> Any:
        """Begin TLS and AMQP on a socket that is connected, and report how that ended.

        A reset that comes in the microseconds after the socket was found connected is raised
        into the loop by pika, which ended the process.
        """
        try:
            return super().create_streaming_connection(
                protocol_factory, sock, on_done, ssl_context, server_hostname
            )
        except ValueError as error:
            sock.close()
            return _Ended(self.call_later(0, partial(on_done, ConnectionResetError(str(error)))))


class _Ended(AbstractIOReference):  # type: ignore[misc]
    """Reports soon, unless nobody wants to know any more."""

    def __init__(self, report: Any) -> None:
        self._report = report

    def cancel(self) -> bool:
        """Report nothing."""
        self._report.cancel()
        return True
