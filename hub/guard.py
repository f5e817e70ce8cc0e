"""What may cross. The inside never parses, stores or acts on anything before this has passed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hub.envelope import Message, Wire, from_wire
from hub.errors import InvalidBody, NeverWorks, NotAllowed
from hub.messages import Direction, Lane, MessageType, message_type, reply_queue
from hub.ports import Clock, Contracts

BODY_BYTES_MAX = 262_144
# A published document lists every agency, or every day of every ticket type.
PUBLISHED_BYTES_MAX = 4 * 1_024 * 1_024
SKEW_SECONDS_MAX = 300
_SKEW_MAX = timedelta(seconds=SKEW_SECONDS_MAX)


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

    def check(self, account: str, origin: str, sender: str) -> None:
        """NotAllowed where ``account`` may not send what ``origin`` sent for ``sender``."""
        word, origins = account.partition("-")[0], self.kinds
        if word in self.brings:
            origins = self.brings[word]
            if origin.partition("-")[0] not in origins:
                raise NotAllowed("The broker account may not bring what this origin sent.")
        elif not account or account != origin:
            raise NotAllowed("The origin is not the broker account that published.")
        if sender.partition(":")[0] not in origins.get(origin.partition("-")[0], ()):
            raise NotAllowed("The broker account may not name this sender.")

    def may_bring(self, account: str) -> bool:
        """Return whether ``account`` sends on what others sent across the outside broker."""
        return account.partition("-")[0] in self.believed


_GATEWAYS, _STAFF = {"gateway": ("agent",)}, {"staff": ("staff",)}
# Gateways send for agencies; an operator may bring that again, out of the quarantine.
OUTSIDE = Admission(_GATEWAYS, brings={"operator": _GATEWAYS})
# Inside, the hub brings what gateways sent and the staff's pages ask themselves; an operator may
# bring either again.
INSIDE = Admission(
    _STAFF,
    brings={"hub": _GATEWAYS, "operator": {**_GATEWAYS, **_STAFF}},
    believed=("hub", "operator"),
)


class Guard:
    """Checks one lane of one direction; every refusal is a NeverWorks with its reason."""

    def __init__(
        self,
        direction: Direction,
        lane: Lane,
        contracts: Contracts,
        clock: Clock,
        admission: Admission | None = None,
    ) -> None:
        """``admission`` is needed inward: on either broker several accounts may publish."""
        self._direction = direction
        self._lane = lane
        published = lane is Lane.PUBLISHED
        self._body_bytes_max = PUBLISHED_BYTES_MAX if published else BODY_BYTES_MAX
        self._contracts = contracts
        self._clock = clock
        self._admission = admission

    def check(self, wire: Wire) -> tuple[Message, MessageType]:
        """Return the message and its row of the map; raise the reason why it may not cross.

        The cheap checks come first; the body is looked at only after everything else is right.
        """
        if len(wire.body) > self._body_bytes_max:
            raise InvalidBody(f"The body is larger than {self._body_bytes_max} bytes.")
        row = message_type(wire.type)
        if row.direction is not self._direction or row.lane is not self._lane:
            raise NotAllowed("The message may not travel in this direction or on this lane.")
        message = from_wire(wire)
        if self._admission is not None:
            self._check_sender(wire, message, row, self._admission)
        self._contracts.check(row.element, wire.body)
        return message, row

    def brought(self, wire: Wire) -> Message | None:
        """Return what a refused ``wire`` says it is, if it was brought by who may bring it."""
        if self._admission is None or not self._admission.may_bring(wire.user_id):
            return None
        try:
            return from_wire(wire)
        except NeverWorks:
            return None

    def _check_sender(
        self, wire: Wire, message: Message, row: MessageType, admission: Admission
    ) -> None:
        sent = message.transmission
        admission.check(wire.user_id, sent.origin, message.id.sender)
        if message.crossed and not admission.may_bring(wire.user_id):
            raise NotAllowed("Only the hub says what crossed.")
        if row.application != "*" and message.id.operation != row.name:
            raise NotAllowed("The request id names another operation than the message.")
        if message.reply_to not in ("", reply_queue(sent.origin, sent.boot)):
            raise NotAllowed("The reply is to go to somebody else's queue.")
        if message.operator and message.id.sender != f"staff:{message.operator}":
            raise NotAllowed("A member of staff may be named by its own requests only.")
        if message.accepted_at - self._clock.now() > _SKEW_MAX:
            raise NotAllowed("The time of acceptance lies in the future.")
