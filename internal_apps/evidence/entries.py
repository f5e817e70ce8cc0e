"""The entries of both sides, and how far each side is known when one compares them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.messages import MESSAGES, ONCE, Lane, inside_queue

APPLICATIONS = {row.key: row.application for row in MESSAGES if row.once}
# Where each type may lie inside, that of its own lane first.
QUEUES = {
    row.key: [inside_queue(row.application, lane) for lane in ONCE if row.may_travel(lane)]
    for row in MESSAGES
    if row.once
}


# On other lanes than that of the pages it takes so many times the bound until it must be here.
ASIDE_TIMES = 15
_ASIDE = tuple(f".{lane.value}" for lane in ONCE if lane is not Lane.REQUESTS)


class Key(NamedTuple):
    """A transmission's name."""

    origin: str
    boot: str
    sequence: int

    def __str__(self) -> str:
        """One line, as logs and lists write it."""
        return f"{self.origin}.{self.boot}.{self.sequence}"


class Booked(NamedTuple):
    """An entry of a gateway's book. ``ending`` is empty while the broker has said nothing.

    ``known_at`` is when the page that says so was taken in, by the clock of the inside.
    """

    key: Key
    request: str
    type: str
    digest: str
    at: datetime
    ending: str
    ended_at: datetime | None
    known_at: datetime | None = None


class TakenIn(NamedTuple):
    """A line of the inside book."""

    key: Key
    request: str
    type: str
    crossed: str
    what: str
    at: datetime


class Stopped(NamedTuple):
    """What the guard between the brokers put into the quarantine outside, by the hub's word."""

    key: Key
    request: str
    crossed: str
    reason: str
    at: datetime


class OneSent(NamedTuple):
    """All that both sides have of one transmission."""

    key: Key
    booked: list[Booked]
    taken: list[TakenIn]
    stopped: list[Stopped]

    def add(self, entry: Booked | TakenIn | Stopped) -> None:
        """Put an entry to the others of its side."""
        if isinstance(entry, Booked):
            self.booked.append(entry)
        elif isinstance(entry, TakenIn):
            self.taken.append(entry)
        else:
            self.stopped.append(entry)


class Cover(NamedTuple):
    """How far one start's book is here: all numbers up to ``up_to``; all, if it is ``over``.

    Unless it is not ``whole``: then a piece is missing, and nobody knows what stood there. By its
    own clock all is here until ``until``. Its first page came at ``begun_at``, its last at
    ``heard_at``: page ``page`` of ``part``.
    """

    up_to: int = 0
    over: bool = False
    whole: bool = True
    until: datetime | None = None
    begun_at: datetime | None = None
    heard_at: datetime | None = None
    part: int = 0
    page: int = 0

    def must_name(self, sequence: int) -> bool:
        """Whether what has this number must stand on a page that is here, if it was sent."""
        return self.whole and (self.over or sequence <= self.up_to)


class Depth(NamedTuple):
    """How many messages lay in an application's queue when one looked."""

    messages: int
    looked_at: datetime


class Unfinished(NamedTuple):
    """A start whose book broke off: what it sent since is not known, until the next one came."""

    origin: str
    boot: str
    cover: Cover
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class View:
    """When and how one looks.

    ``depths``: how many messages lie in each application's queues, as far as it is known.
    ``queues``: where a type may lie. ``passed``: the latest time of sending of what has been
    taken in lately of each queue's own: what was sent long before has been overtaken there.
    ``heard``: when each gateway's last page came.
    """

    now: datetime
    bound_seconds: float
    covers: Mapping[tuple[str, str], Cover] = field(default_factory=dict)
    depths: Mapping[str, Depth] = field(default_factory=dict)
    passed: Mapping[str, datetime] = field(default_factory=dict)
    queues: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heard: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def bound(self) -> timedelta:
        """How long anything may be on its way."""
        return timedelta(seconds=self.bound_seconds)

    def must_be_booked(self, key: Key, taken_at: datetime) -> bool:
        """Whether a transmission must stand in a book that is here, if it was sent.

        A start of which no book has come is none, once its gateway was heard long after.
        """
        cover = self.covers.get((key.origin, key.boot))
        if cover is not None:
            return cover.must_name(key.sequence)
        heard = self.heard.get(key.origin)
        return heard is not None and heard - taken_at > self.bound

    def is_overdue(self, taken_at: datetime) -> bool:
        """Whether the page that names what was taken in then should have come long since."""
        return self.now - taken_at > self.bound

    def may_be_on_its_way(self, booked: Booked) -> bool:
        """Whether what was confirmed may still lie in a queue, or be held by who takes from it.

        A page crosses behind what stands on it. So time counts from when the page came: after
        an outage all come together, and its gateway's clock does not count. And a queue is empty
        if it was found so after that. On another lane it may still lie outside meanwhile.
        """
        known_at = booked.known_at or booked.ended_at or booked.at
        if self.now - known_at <= self.bound:
            return True
        return any(self._may_lie(queue, known_at) for queue in self.queues.get(booked.type, ("",)))

    def _may_lie(self, queue: str, known_at: datetime) -> bool:
        passed = self.passed.get(queue)
        if passed is not None and passed - known_at > self.bound:
            return False
        if queue.endswith(_ASIDE) and self.now - known_at <= ASIDE_TIMES * self.bound:
            return True
        depth = self.depths.get(queue)
        return depth is None or depth.messages > 0 or depth.looked_at <= known_at

    def unfinished(self, silent_seconds: float) -> Iterator[Unfinished]:
        """Yield the books without an end of which no page came, though a later start was heard.

        A gateway's next start brings its books of before first. Only a start that still lives
        beside it, for seconds, is passed.
        """
        patience = timedelta(seconds=silent_seconds)
        for (origin, boot), cover in sorted(self.covers.items()):
            if cover.over or cover.heard_at is None:
                continue
            heard_at = cover.heard_at
            later = [
                one
                for (name, _), one in self.covers.items()
                if name == origin and one.heard_at and one.heard_at - heard_at > patience
            ]
            if later:
                begun = [one.begun_at for one in later if one.begun_at and one.begun_at > heard_at]
                until = min(begun, default=None)
                yield Unfinished(origin, boot, cover, cover.until or heard_at, until)


class Heard(NamedTuple):
    """A gateway: since when it is known, when it was last heard, when it was retired."""

    origin: str
    first_heard_at: datetime
    heard_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: sent, or taken in without being sent, from ``since`` until ``until``.

    ``route`` is a type, its name without the version, or an application; empty is all.
    ``origin`` is one gateway; empty is all.
    """

    since: datetime
    until: datetime
    route: str = ""
    origin: str = ""

    @property
    def types(self) -> Collection[str] | None:
        """The types that the route names; None for all."""
        if not self.route:
            return None
        return [
            key
            for key, application in APPLICATIONS.items()
            if self.route in (key, key.partition(".")[0], application)
        ]

    def is_about(self, origin: str) -> bool:
        """Whether a gateway is looked at."""
        return self.origin in ("", origin)

    def has_part_of(self, since: datetime, until: datetime | None) -> bool:
        """Whether another time, which may have no end yet, lies in it, be it in part."""
        return since < self.until and (until is None or until > self.since)


@dataclass(frozen=True, slots=True)
class FoundWrong:
    """Something that was wrong with a page or a book."""

    found_at: datetime
    kind: str
    origin: str
    boot: str
    part: int
    page: int
    detail: str


@dataclass(frozen=True, slots=True)
class Entries:
    """All that a comparison needs, and what else is known of the books."""

    period: Period
    view: View
    booked: Sequence[Booked]
    taken: Sequence[TakenIn]
    stopped: Sequence[Stopped]
    findings: Sequence[FoundWrong]
    gateways: Sequence[Heard]
