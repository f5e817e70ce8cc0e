"""The quarantine as a durable queue: the original bytes and headers, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.envelope import Wire
from hub.messages import QUARANTINE_EXCHANGE, QUARANTINE_QUEUE
from hub.ports import Address, Published, Publisher

REASON = "lupu-quarantine-reason"
ACCOUNT = "lupu-quarantine-account"
KEPT_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class QueueQuarantine:
    """Implements ``hub.ports.Quarantine`` on the broker of ``publisher``.

    The account that published the message is kept as a header: the broker lets nobody publish
    in another's name.
    """

    publisher: Publisher
    account: str

    def keep(self, wire: Wire, reason: str, settled: Callable[[Published], None]) -> None:
        """Store the message durably with its reason."""
        kept = wire._replace(
            headers={
                **wire.headers,
                REASON: reason,
                ACCOUNT: wire.user_id[:KEPT_CHARACTERS_MAX],
            },
            user_id=self.account,
            persistent=True,
            expiration_ms=None,
        )
        self.publisher.publish(Address(QUARANTINE_EXCHANGE, QUARANTINE_QUEUE), kept, settled)
