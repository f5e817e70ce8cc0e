"""What a worker takes from its queues: the more urgent first, whatever waits behind."""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import NamedTuple

from hub.machine import Box
from hub.messages import ONCE, Lane
from hub.ports import Consumer, Delivery, Subscription


class Source(NamedTuple):
    """A queue to take from, and how many of its messages may be held at once."""

    queue: str
    prefetch_max: int


def lane_of(delivery: Delivery) -> Lane:
    """Return the lane on which an intake's delivery came."""
    return ONCE[delivery.tag % len(ONCE)]


class Intake:
    """Several queues as one, one a lane, each with its channel and its prefetch.

    A delivery's tag carries the number of its lane, so that it is acknowledged where it came
    from. Only ``take`` is for the worker's thread; all else is for that of the brokers.
    """

    def __init__(self, box: Box) -> None:
        """``box``: where deliveries lie until the worker takes them."""
        self._box = box
        self._waiting: tuple[deque[Delivery], ...] = tuple(deque() for _ in ONCE)
        self._subscriptions: dict[int, Subscription] = {}

    def start(self, consumer: Consumer, sources: Mapping[Lane, Source]) -> None:
        """Subscribe; deliveries wait until they are taken."""
        for rank, lane in enumerate(ONCE):
            if lane in sources:
                self._subscriptions[rank] = consumer.subscribe(
                    *sources[lane], partial(self._came, rank)
                )

    def take(self, count_max: int, wait_seconds: float) -> list[Delivery]:
        """Return the oldest of the most urgent lane on which anything has come, and of no other.

        Of bulk one alone, for each is much. Where there is nothing, wait a while.
        """
        self._receive(wait_seconds)
        for lane, waiting in zip(ONCE, self._waiting, strict=True):
            if waiting:
                count = 1 if lane is Lane.BULK else min(len(waiting), count_max)
                return [waiting.popleft() for _ in range(count)]
        return []

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that a delivery is done."""
        tag, rank = divmod(delivery.tag, len(ONCE))
        self._subscriptions[rank].acknowledge(tag)

    def holds(self, lane: Lane) -> bool:
        """Return whether anything has come on ``lane`` that waits to be taken."""
        return bool(self._waiting[ONCE.index(lane)])

    def _came(self, rank: int, delivery: Delivery) -> None:
        self._box.put(delivery._replace(tag=delivery.tag * len(ONCE) + rank))

    def _receive(self, wait_seconds: float) -> None:
        with suppress(Empty):
            if not any(self._waiting):
                self._sort(self._box.get(timeout=wait_seconds))
            while True:  # no more than the prefetches let come
                self._sort(self._box.get_nowait())

    def _sort(self, delivery: Delivery) -> None:
        self._waiting[delivery.tag % len(ONCE)].append(delivery)
