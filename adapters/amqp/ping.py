"""One look at a broker: can this component sign in, and is what it uses there."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, UnroutableError

from adapters.amqp.link import first_line, parameters
from hub.checks import Check
from hub.errors import BrokerAway, LupuError
from hub.messages import REPLIES_EXCHANGE, reply_queue
from hub.places import Places, streams
from hub.settings import Broker

# No queue is bound by it: a message with it comes back, and says that it might have been sent.
NOWHERE = "lupu.check"
_REFUSED = 403
_LOCKED = 405


class NotUsable(LupuError):
    """A queue or exchange is missing, or not for this account."""


def look(broker: Broker, name: str, places: Places) -> list[Check]:
    """Sign in and look at every queue and exchange that ``name`` uses; nothing stays there.

    Through each node of a cluster: what one of them does not serve, it says.

    No message is taken, so that an account may not read its queue comes out only when it does:
    ``amqp.subscription_lost`` in its log.
    """
    return [check for host in broker.hosts for check in _looked(broker, host, name, places)]


def _looked(broker: Broker, host: str, name: str, places: Places) -> list[Check]:
    where = broker.section.replace("_", " ") + (f" at {host}" if broker.other_hosts else "")
    found: list[Check] = []
    try:
        with _connected(broker, host, name) as connection:
            signed_in = f"signed in at {host}:{broker.port}, virtual host"
            found.append(Check(where, True, f"{signed_in} {broker.virtual_host}"))
            for what, question in _questions(connection, name, places):
                found.append(Check.ask(f"{where}: {what}", question))
    except BrokerAway as error:
        found.append(Check(where, False, str(error)))
    return found


def depths(broker: Broker, name: str, queues: Iterable[str]) -> dict[str, int]:
    """Return how many messages lie in each queue that is there; BrokerAway without a broker."""
    found: dict[str, int] = {}
    with _connected_anywhere(broker, name) as connection:
        for queue in queues:
            with suppress(NotUsable), _told(connection, queue) as channel:
                found[queue] = channel.queue_declare(queue, passive=True).method.message_count
    return found


def _connected_anywhere(broker: Broker, name: str) -> AbstractContextManager[Any]:
    *others, last = broker.hosts
    for host in others:
        with suppress(BrokerAway):
            return _connected(broker, host, name)
    return _connected(broker, last, name)


def _connected(broker: Broker, host: str, name: str) -> AbstractContextManager[Any]:
    return _closing(_dialled(broker, host, name))


def _dialled(broker: Broker, host: str, name: str) -> Any:
    try:
        return pika.BlockingConnection(parameters(broker, f"{name} checks", host=host))
    except (AMQPError, OSError) as error:
        raise BrokerAway(
            f"{name} cannot sign in at {host}:{broker.port} ({first_line(error)}): is the "
            f"broker running, is the certificate from its authority, has it an account '{name}'?"
        ) from error


@contextmanager
def _closing(connection: Any) -> Iterator[Any]:
    try:
        yield connection
    finally:
        with suppress(AMQPError, OSError):
            connection.close()


def _questions(
    connection: Any, name: str, places: Places
) -> Iterator[tuple[str, Callable[[], str]]]:
    for queue in places.reads:
        yield queue, lambda queue=queue: _queue(connection, queue)  # type: ignore[misc]
    for exchange in places.writes:
        yield f"to {exchange}", lambda exchange=exchange: _exchange(connection, exchange)  # type: ignore[misc]
    for queue in places.holds:
        yield queue, lambda queue=queue: _alone(connection, queue)  # type: ignore[misc]
    if places.waits:
        yield "replies", lambda: _replies(connection, name)


def _queue(connection: Any, queue: str) -> str:
    with _told(connection, f"queue {queue}") as channel:
        held = channel.queue_declare(queue, passive=True).method
    counts = [(held.message_count, "message"), (held.consumer_count, "consumer")]
    # The broker counts no consumers of a stream: it says 0 however many there are.
    told = counts[: 1 if queue in streams() else 2]
    return ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in told)


def _exchange(connection: Any, exchange: str) -> str:
    with _told(connection, f"exchange {exchange}") as channel:
        channel.confirm_delivery()
        try:
            channel.basic_publish(exchange, NOWHERE, b"", mandatory=True)
        except UnroutableError:
            return "may publish"
    raise NotUsable(f"a queue is bound to exchange {exchange} by {NOWHERE}: take that away")


def _alone(connection: Any, queue: str) -> str:
    with _told(connection, f"queue {queue}") as channel:
        try:
            channel.queue_declare(queue, exclusive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code != _LOCKED:
                raise
            return "somebody has it in hand now"
        channel.queue_delete(queue)
    return "may be taken in hand"


def _replies(connection: Any, name: str) -> str:
    queue = reply_queue(name, f"check-{secrets.token_hex(4)}")
    with _told(connection, f"exchange {REPLIES_EXCHANGE}") as channel:
        channel.queue_declare(queue, exclusive=True)
        channel.queue_bind(queue, REPLIES_EXCHANGE, queue)
        channel.queue_delete(queue)
    return "may wait for its own"


@contextmanager
def _told(connection: Any, what: str) -> Iterator[Any]:
    try:
        channel = connection.channel()
        yield channel
        if channel.is_open:
            channel.close()
    except ChannelClosedByBroker as error:
        trouble = "is not for this account" if error.reply_code == _REFUSED else "is not there"
        raise NotUsable(f"{what} {trouble}: load the broker's definitions again") from error
    except (AMQPError, OSError) as error:
        raise NotUsable(f"{what}: the broker broke off ({first_line(error)})") from error
