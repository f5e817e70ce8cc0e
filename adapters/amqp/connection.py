"""pika's connection with another way through for messages: whole, and many to a TLS record.

pika hands each frame to the socket by itself: three records and three system calls a message,
for the broker to take apart again. Here what is written in one turn of the loop leaves
together, in records as large as TLS has them, and deliveries are read whole. All else,
the handshake, channels, confirms, heartbeats, is pika's own. It overrides what pika keeps
for itself, so pika is pinned, and ``tests/contract/test_transport.py`` holds this to it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pika.adapters.select_connection import SelectConnection
from pika.exceptions import ConnectionClosedByClient
from pika.frame import decode_frame

from adapters.amqp import writing
from adapters.amqp.frames import HEAD, HEAD_BYTES, METHOD
from adapters.amqp.reading import Read, delivery, is_delivery
from hub.envelope import Wire
from hub.ports import Address

RUN_BYTES = 65_536
FORCED = 320

Deliver = Callable[[Read], None]


class WholeMessageConnection(SelectConnection):  # type: ignore[misc]
    """A connection for ``adapters.amqp.link``; on its loop's thread only."""

    _frame_buffer: bytes

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._deliver: dict[int, Deliver] = {}
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        super().__init__(*arguments, **settings)

    def deliver_to(self, channel: int, deliver: Deliver) -> None:
        """Hand what is delivered on a channel to ``deliver`` instead of pika's consumer."""
        self._deliver[channel] = deliver

    def publish(self, channel: int, to: Address, wire: Wire, number: int) -> None:
        """Publish, mandatory, on an open channel; it leaves with this turn of the loop."""
        frames = writing.publish(channel, to, wire, number, self.params.frame_max)
        self.bytes_sent += len(frames)
        self._adapter_emit_data(frames)

    def cut(self, reason: str) -> None:
        """End the open connection without asking the broker, who may never answer."""
        self._terminate_stream(ConnectionClosedByClient(FORCED, reason))

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._pieces:
            self._nbio.call_later(0, self._flush)
        self._pieces.append(data)
        self._pieces_bytes += len(data)
        if self._pieces_bytes >= RUN_BYTES:
            self._flush()

    def _flush(self) -> None:
        pieces, self._pieces, self._pieces_bytes = self._pieces, [], 0
        if self._transport is None or not pieces:
            return
        run = b"".join(pieces)
        if not self._transport.get_write_buffer_size():
            # Nearly always there is room, and no need to ask the loop for it.
            with suppress(OSError):
                self._socket.send(run)
                return
        # The socket goes on with what it has begun; an error comes up there again.
        self._transport.write(run)

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = RUN_BYTES  # noqa: SLF001  pika's is 4 kB
        self._socket = transport._sock  # noqa: SLF001  pika shows it to nobody
        super()._proto_connection_made(transport)

    def _on_data_available(self, data_in: bytes) -> None:
        buffer: bytes = self._frame_buffer + data_in
        at, end = 0, len(buffer)
        while at + HEAD_BYTES < end:
            kind, channel, size = HEAD.unpack_from(buffer, at)
            stop = at + HEAD_BYTES + size + 1
            if stop > end:
                break
            self.frames_received += 1
            if kind == METHOD and is_delivery(buffer, at):
                read = delivery(buffer, at, stop)
                if read is None:
                    break
                at = read.end
                self._deliver[channel](read)
            else:
                at, frame = stop, decode_frame(buffer[at:stop])[1]
                self._process_frame(frame)
        self.bytes_received += at
        self._frame_buffer = buffer[at:]
