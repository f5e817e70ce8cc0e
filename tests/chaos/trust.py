"""What is done to messages by whoever has captured the outside broker, and to certificates."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import cycle
from random import Random
from typing import Any

import pika

from adapters.amqp.link import parameters
from deploy.local.ports import LOOPBACK
from deploy.local.process import ProcessFailed
from hub.settings import OutsideBroker
from tests.chaos.plan import Fault
from tests.chaos.world import World

QUEUE, EXCHANGE, KEY = "inward.requests", "inward", "requests"
CATCH_SECONDS, CATCH_MAX = 3.0, 5
MESSAGES = "messages"
SIDES = ("outside", "inside")
STEPS = ("trust", "reissue", "retire")


def on_messages(world: World) -> Iterator[Fault]:
    """Yield what is done to requests that wait outside."""
    yield Fault("messages doubled", MESSAGES, partial(_meddle, world, _twice))
    yield Fault("messages corrupted", MESSAGES, partial(_meddle, world, _with_corrupt_copy))


def on_certificates(world: World) -> Iterator[Fault]:
    """Yield what is renewed, live: every certificate of a side, its authority, the edge's."""
    for side in SIDES:
        nodes = [node.certificate.name for node in getattr(world.stack, side).nodes]
        renew = ("renew", side, *nodes, *getattr(world.stack.components, side))
        yield Fault("certificates renewed", "certificates", partial(_renew, world, side, renew))
    steps = cycle([(side, step) for side in SIDES for step in STEPS])
    yield Fault("authority rotated by a step", "certificates", partial(_rotate, world, steps))
    yield Fault("edge's certificate renewed", "certificates", partial(_renew_edge, world))


def _dialled(world: World, account: str) -> Any:
    folder = world.stack.places.certificates / "outside"
    broker = OutsideBroker(
        host=(*world.stack.places.outside_nodes, LOOPBACK)[0],
        port=world.stack.places.outside_port,
        authority=folder / "authority.crt",
        certificate=folder / f"{account}.crt",
        key=folder / f"{account}.key",
    )
    return pika.BlockingConnection(parameters(broker, "captured"))


def _meddle(world: World, copies: Any, dice: Random) -> None:
    """Take requests before a hub does, and publish what comes of them in their gateway's name.

    What is taken is given up only once its copies are there; else it returns to its queue.
    """
    with closing(_dialled(world, "hub-1")) as taking:
        channel = taking.channel()
        channel.basic_qos(prefetch_count=CATCH_MAX)
        deadline, caught = time.monotonic() + CATCH_SECONDS, 0
        for method, properties, body in channel.consume(QUEUE, inactivity_timeout=0.2):
            if method is not None:
                _put(world, properties, copies(body, dice))
                channel.basic_ack(method.delivery_tag)
                caught += 1
            if caught >= CATCH_MAX or time.monotonic() > deadline:
                break
        channel.cancel()
    if not caught:
        raise ConnectionError("nothing came that could be caught")


def _put(world: World, properties: Any, bodies: list[bytes]) -> None:
    with closing(_dialled(world, properties.user_id)) as putting:
        channel = putting.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish(EXCHANGE, KEY, body, properties, mandatory=True)


def _twice(body: bytes, _dice: Random) -> list[bytes]:
    return [body, body]


def _with_corrupt_copy(body: bytes, dice: Random) -> list[bytes]:
    place = dice.randrange(len(body))
    corrupt = bytes((*body[:place], body[place] ^ dice.randint(1, 255), *body[place + 1 :]))
    return dice.sample([corrupt, body], 2)


def _certificates(world: World, *arguments: str) -> None:
    folder = ("--folder", str(world.stack.places.certificates))
    command = [sys.executable, "-m", "lupu", "certificates", *arguments, *folder]
    subprocess.run(command, check=True, capture_output=True, text=True)


def _renew(world: World, side: str, arguments: tuple[str, ...], _dice: Random) -> None:
    _anew(world, side, arguments)


def _anew(world: World, side: str, arguments: tuple[str, ...]) -> None:
    _certificates(world, *arguments)
    # A broker that is away reads them when it starts.
    with suppress(ProcessFailed, subprocess.TimeoutExpired):
        getattr(world.stack, side).read_certificates_anew()


def _rotate(world: World, steps: Iterator[tuple[str, str]], _dice: Random) -> None:
    side, step = next(steps)
    _anew(world, side, ("rotate", side, "--step", step))


def _renew_edge(world: World, _dice: Random) -> None:
    _certificates(world, "renew", "edge", "edge")
    for proxy in (world.stack.haproxy, world.stack.staff_haproxy):
        with suppress(ProcessLookupError):
            proxy.reload()
