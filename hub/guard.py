"""What may cross. The inside never parses, stores or acts on anything before this has passed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.envelope import AGENT, Message, RequestId, Wire, from_wire
from hub.errors import InvalidBody, NeverWorks, NotAllowed, NotAuthentic
from hub.messages import MESSAGES, Direction, Lane, MessageType, message_type, reply_queue
from hub.ports import Agents, Clock, Contracts
from hub.sealing import Opened, Opener

BODY_BYTES_MAX = 262_144
# A published document lists every agency, or every day of every ticket type.
PUBLISHED_BYTES_MAX = 4 * 1_024 * 1_024
# What a seal adds: above all the session's key, wrapped for each reader.
SEAL_BYTES_MAX = 32_768
SKEW_SECONDS_MAX = 300
_SKEW_MAX = timedelta(seconds=SKEW_SECONDS_MAX)


# What a component sends for itself, by the kind that does: ``gateway:gateway-1`` may name itself
# for these operations and no other, and nobody else may name them.
OWN = {"BookPage": "gateway", "Stopped": "hub"}


@dataclass(frozen=True, slots=True)
class Admission:
    """Which kinds of sender a broker account may name, by the account's first word.

    ``{"gateway": ("agent",)}``: the account ``gateway-1`` may send for ``agent:...`` only.
    ``brings``: ``{"hub": {"gateway": ("agent",)}}`` sends nothing of its own, only on what
    gateways sent, each for the senders that it may name. ``believed``: what these accounts
    bring crossed as they say.
    """

    kinds: Mapping[str, tuple[str, ...]]
    brings: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    believed: tuple[str, ...] = ()

    def check(self, account: str, origin: str, request_id: RequestId) -> None:
        """NotAllowed where ``account`` may not send what ``origin`` sent under this id."""
        word, origins = account.partition("-")[0], self.kinds
        if word in self.brings:
            origins = self.brings[word]
        elif not account or account != origin:
            raise NotAllowed("The origin is not the broker account that published.")
        kind, owner = request_id.sender.partition(":")[0], OWN.get(request_id.operation)
        if owner is not None or kind in OWN.values():
            itself = request_id.sender == f"{kind}:{origin}" and _is(origin, kind)
            if kind != owner or not itself or (_is(account, kind) and account != origin):
                raise NotAllowed("That a component sends for itself alone, and nothing else.")
            if kind not in origins:
                raise NotAllowed("That may not be sent here.")
        elif kind not in origins.get(origin.partition("-")[0], ()):
            raise NotAllowed("The broker account may not name this sender.")

    def may_bring(self, account: str) -> bool:
        """Return whether ``account`` sends on what others sent across the outside broker."""
        return account.partition("-")[0] in self.believed


_GATEWAYS, _STAFF = {"gateway": ("agent",)}, {"staff": ("staff",)}
_CROSSED = {**_GATEWAYS, "hub": ()}
# Gateways send for agencies; an operator may bring that again, out of the quarantine.
OUTSIDE = Admission(_GATEWAYS, brings={"operator": _GATEWAYS})
# Inside, the hub brings what gateways sent, and tells for itself what it stopped; the staff's
# pages ask themselves; an operator may bring again what was sent for others.
INSIDE = Admission(
    _STAFF,
    brings={"hub": _CROSSED, "operator": {**_CROSSED, **_STAFF}},
    believed=("hub", "operator"),
)


class Checked(NamedTuple):
    """What has passed: the message, its row of the map, and the wire with its body in clear."""

    message: Message
    row: MessageType
    wire: Wire


def _is(component: str, kind: str) -> bool:
    return component.partition("-")[0] == kind


class Guard:
    """Checks lanes of one direction; every refusal is a NeverWorks with its reason."""

    def __init__(
        self,
        direction: Direction,
        lanes: Collection[Lane],
        contracts: Contracts,
        clock: Clock,
        admission: Admission | None = None,
        *,
        opener: Opener | None = None,
        route: str = "",
        agents: Agents | None = None,
    ) -> None:
        """``admission`` is needed inward: on either broker several accounts may publish.

        ``opener``: everything on these lanes is sealed, and taken from the queue ``route``.
        ``agents``: asked of what comes in an agent's name; where gateways' messages come in.
        """
        self._types = frozenset(
            row.key
            for row in MESSAGES
            if row.direction is direction and any(map(row.may_travel, lanes))
        )
        published = Lane.PUBLISHED in lanes
        self._body_bytes_max = PUBLISHED_BYTES_MAX if published else BODY_BYTES_MAX
        self._contracts = contracts
        self._clock = clock
        self._admission = admission
        self._opener = opener
        self._queue = route
        self._agents = agents

    def check(self, wire: Wire) -> Checked:
        """Return what may cross; raise the reason why it may not, TryAgain while nobody knows.

        The cheap checks come first, then the seal; nothing is parsed before all else is right.
        """
        sealed = self._opener is not None
        self._check_size(wire, self._body_bytes_max + (SEAL_BYTES_MAX if sealed else 0))
        row = message_type(wire.type)
        if wire.type not in self._types:
            raise NotAllowed("The message may not travel in this direction or on this lane.")
        opened = None
        if self._opener is not None:
            opened = self._opener.open(wire, self._queue)
            wire = opened.wire
            self._check_size(wire, self._body_bytes_max)
        message, now = from_wire(wire), self._clock.now()
        if self._admission is not None:
            _check_sender(wire, message, row, self._admission, now)
        if opened is not None:
            _check_sealer(opened, message)
        agents = self._agents if message.id.sender.startswith(AGENT) else None
        if agents is not None:
            agents.admit(message, now)
        self._contracts.check(row.element, message.body)
        if agents is not None and message.proof:
            agents.prove(message, row)
        return Checked(message, row, wire)

    def ready(self) -> bool:
        """Return whether what it has to know is there."""
        return self._agents is None or self._agents.known()

    @staticmethod
    def _check_size(wire: Wire, bytes_max: int) -> None:
        if len(wire.body) > bytes_max:
            raise InvalidBody(f"The body is larger than {bytes_max} bytes.")

    def brought(self, wire: Wire) -> Message | None:
        """Return what a refused ``wire`` says it is, if it was brought by who may bring it."""
        if self._admission is None or not self._admission.may_bring(wire.user_id):
            return None
        try:
            return from_wire(wire)
        except NeverWorks:
            return None


def _check_sender(
    wire: Wire, message: Message, row: MessageType, admission: Admission, now: datetime
) -> None:
    sent = message.transmission
    admission.check(wire.user_id, sent.origin, message.id)
    if message.crossed and not admission.may_bring(wire.user_id):
        raise NotAllowed("Only the hub says what crossed.")
    if row.application != "*" and message.id.operation != row.name:
        raise NotAllowed("The request id names another operation than the message.")
    if message.reply_to not in ("", reply_queue(sent.origin, sent.boot)):
        raise NotAllowed("The reply is to go to somebody else's queue.")
    if message.operator and message.id.sender != f"staff:{message.operator}":
        raise NotAllowed("A member of staff may be named by its own requests only.")
    if message.accepted_at - now > _SKEW_MAX:
        raise NotAllowed("The time of acceptance lies in the future.")


def _check_sealer(opened: Opened, message: Message) -> None:
    """NotAuthentic unless the origin itself sealed it, or who may bring it, and in its time.

    Admission has said whether the account may bring what the origin sent. A correction is
    sealed by whom brings it, long after it was accepted.
    """
    if opened.sealed_by == message.transmission.origin:
        if not opened.begins_at <= message.accepted_at <= opened.ends_at:
            raise NotAuthentic("It was not accepted while its seal's session lasted.")
    elif opened.sealed_by != opened.wire.user_id:
        raise NotAuthentic(f"It was sealed by {opened.sealed_by} and not by its origin.")
