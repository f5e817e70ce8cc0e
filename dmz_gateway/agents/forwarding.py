"""From a checked request to its answer: the message, the wait, and what each ending means."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from dmz_gateway.agents import refusals
from dmz_gateway.agents.faults import Faulted, RefusedInside
from dmz_gateway.agents.recent import Recent, digest_of
from dmz_gateway.replies import Asked, Replies
from dmz_gateway.settings import Gateway
from hub.counting import from_nought
from hub.envelope import Message, RequestId, Transmission
from hub.errors import NeverWorks
from hub.messages import COMMON, Direction, Lane, MessageType, message_type, reply_queue
from hub.ports import Clock, Contracts, Metrics, Published
from hub.trace import Context
from hub.traffic import Targets

_log = logging.getLogger(__name__)

GET_OUTCOME = message_type("GetOutcome.1")
_PENDING = "PENDING"
_NOT_KNOWN = "NotKnownYet.1"
# So long, and among the last ``recent_max``, a repeat that cannot be sent is not told
# NotAccepted: an earlier one may have arrived.
SENT_SECONDS = 3_600.0
# So long, and among the last ``recent_max``, a repeat of what was confirmed is a question: an
# inside that is away for a day is not sent the same again by everybody who asks.
ASKED_SECONDS = 86_400.0
# It may have arrived in other words, or beside other values: that does not matter then.
_IN_ANY_WORDS = b""

# Nothing arrived for certain, or it may have.
_ENDINGS = {
    Published.NOT_SENT: refusals.NOT_SENT,
    Published.RETURNED: refusals.NOT_SENT,
    Published.REFUSED: refusals.NOT_SENT,
    Published.UNKNOWN: refusals.NOT_KNOWN_WHETHER_SENT,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request of an agent: validated, its sender known. ``reference`` is the agent's own.

    It travels on ``lane``. ``proof`` is what the agent signed, where it did: it goes along with
    all that is sent for it, and so does ``context``, its trace.
    """

    row: MessageType
    lane: Lane
    agent: str
    sign_in: str
    reference: str
    body: bytes
    proof: bytes = b""
    context: Context | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A document for the Body and, for the log, its status."""

    document: bytes
    code: str


class Passing(Protocol):
    """Told when a step is over, to measure it."""

    def __call__(self, step: str, /, answered_by: str = "") -> None:
        """The step has ended; ``answered_by``: with a reply whose trace names this cause."""


class Forwarding:
    """Sends requests inward as one gateway process (``origin``, ``boot``)."""

    def __init__(
        self,
        origin: str,
        boot: str,
        sequence: Callable[[], int],
        *,
        settings: Gateway,
        replies: Replies,
        contracts: Contracts,
        clock: Clock,
        metrics: Metrics,
        drained: Callable[[], Targets],
        traced: bool = True,
    ) -> None:
        """``drained``: of what nothing new is accepted now.

        ``traced``: what is sent takes its trace along.
        """
        self._drained = drained
        self._origin = origin
        self._boot = boot
        self._reply_to = reply_queue(origin, boot)
        self._settings = settings
        self._replies = replies
        self._contracts = contracts
        self._clock = clock
        self._metrics = metrics
        from_nought(metrics, "lupu_gateway_repeats_total", "lupu_gateway_replies_refused_total")
        self._traced = traced
        self._sequence = sequence
        self._recent = Recent(settings.recent_max, ASKED_SECONDS)
        self._sent = Recent(settings.recent_max, SENT_SECONDS)

    def answer(self, request: Request, passed: Passing) -> Answered:
        """Send and wait; Faulted or RefusedInside where the answer is a fault."""
        if request.row.once:
            return self._request(request, passed)
        return self._query(request, passed)

    def _request(self, request: Request, passed: Passing) -> Answered:
        request_id = RequestId(request.agent, request.row.name, request.reference)
        digest = digest_of(request.body)
        answered = self._repeated(request, request_id, digest, passed)
        if answered is not None:
            return answered

        def send() -> Asked:
            message = self._message(request, request.row, request_id)
            return self._send(message, request.lane, digest, partial(passed, "sent"))

        asked = self._replies.until_taken(request.lane, send)
        passed("asked", _answered_by(asked))
        return self._read(request, asked, request_id) or self._status(request, "RECEIVED")

    def _repeated(
        self, request: Request, request_id: RequestId, digest: bytes, passed: Passing
    ) -> Answered | None:
        """Ask for the outcome of what was confirmed before; None where it is to be sent.

        What the inside does not know although it had ``recent_seconds`` to come is sent again: a
        broker that lost its disk has lost it.
        """
        age_seconds = self._recent.age_seconds(str(request_id), digest, self._clock.monotonic())
        if age_seconds is None:
            return None
        self._metrics.count("lupu_gateway_repeats_total")
        message = self._message(request, GET_OUTCOME, request_id)
        seconds = self._settings.reply_wait_seconds
        asked = self._replies.ask(message, Lane.QUERIES, seconds, partial(passed, "sent"))
        if age_seconds > self._settings.recent_seconds and _is_not_known(asked):
            return None
        passed("asked", _answered_by(asked))
        # The request itself is confirmed, whether the question about it was taken or not.
        asked = replace(asked, published=Published.CONFIRMED)
        return self._read(request, asked, request_id) or self._status(request, "RECEIVED")

    def _send(
        self, message: Message, lane: Lane, digest: bytes, sent: Callable[[], None]
    ) -> Asked:
        """Send; where it certainly did not arrive, but an earlier one may have: UNKNOWN."""
        request_id, now = str(message.id), self._clock.monotonic()
        may_have_arrived = self._sent.has(request_id, _IN_ANY_WORDS, now)
        if self._is_drained(message):
            unknown = refusals.NOT_KNOWN_WHETHER_SENT
            raise Faulted(unknown if may_have_arrived else refusals.NOT_TAKEN_NOW)
        # Before and not after: a repeat may come while this one still waits for its reply.
        self._sent.add(request_id, _IN_ANY_WORDS, now)
        seconds = self._settings.reply_wait_seconds
        asked = self._replies.ask(message, lane, seconds, sent)
        if asked.published is Published.CONFIRMED:
            self._recent.add(request_id, digest, self._clock.monotonic())
        if asked.published in (Published.CONFIRMED, Published.UNKNOWN):
            self._sent.add(request_id, _IN_ANY_WORDS, now)
        elif may_have_arrived:
            return replace(asked, published=Published.UNKNOWN)
        else:
            self._sent.forget(request_id, now)
        return asked

    def _is_drained(self, message: Message) -> bool:
        # A gateway that is drained itself refuses nothing: the balancer sends it nothing new.
        row = message_type(message.type)
        if self._drained().among(row, message.id.sender, "") is None:
            return False
        self._metrics.count("lupu_gateway_drained_total", operation=message.id.operation)
        return True

    def _query(self, request: Request, passed: Passing) -> Answered:
        reference = f"{self._boot}.{self._sequence()}"
        request_id = RequestId(request.agent, request.row.name, reference)
        patience = self._replies.patience
        seconds = self._settings.query_wait_seconds / (2 if patience.any else 1)

        def ask() -> Asked:
            message = self._message(request, request.row, request_id)
            return self._replies.ask(message, Lane.QUERIES, seconds, partial(passed, "sent"))

        asked = self._replies.until_taken(Lane.QUERIES, ask)
        if asked.reply is None and not asked.crowded and patience.any and patience.ready():
            # The answer may have gone with its connection, and a question changes nothing.
            asked = ask()
        passed("asked", _answered_by(asked))
        if asked.published is Published.UNKNOWN and asked.reply is None:
            raise Faulted(refusals.NO_ANSWER)  # a query changes nothing, so nothing is in doubt
        answered = self._read(request, asked, request_id, unknown="NOT_KNOWN_YET")
        if answered is None:
            raise Faulted(refusals.NO_ANSWER)
        return answered

    def _message(self, request: Request, row: MessageType, request_id: RequestId) -> Message:
        now = self._clock.now()
        query = row.lane is Lane.QUERIES
        context = request.context if self._traced else None
        message = Message(
            type=row.key,
            id=request_id,
            transmission=Transmission(self._origin, self._boot, self._sequence()),
            accepted_at=now,
            body=self._question(request) if row is GET_OUTCOME else request.body,
            reply_to=self._reply_to,
            expires_at=self._expires_at(now) if query else None,
            sign_in=request.sign_in,
            proof=request.proof,
            trace=context.parent if context else "",
            trace_state=context.state if context else "",
        )
        return message.passed(self._origin, now)

    def _question(self, request: Request) -> bytes:
        """Ask for the outcome of these values: the reference may have been used for others."""
        digest = self._contracts.digest(request.row.element, request.body)
        return f'<GetOutcome xmlns="{COMMON}"><Digest>{digest}</Digest></GetOutcome>'.encode()

    def _expires_at(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._settings.query_wait_seconds)

    def _read(
        self, request: Request, asked: Asked, request_id: RequestId, unknown: str = "RECEIVED"
    ) -> Answered | None:
        """Return the answer; None if there is none yet although it was sent."""
        reply = asked.reply
        if reply is not None and self._fits(request, reply, request_id):
            if reply.type == _NOT_KNOWN:
                return self._status(request, unknown)
            if reply.type != "Refused.1":
                return Answered(reply.body, "DONE")
            refused = RefusedInside(reply.body)
            if refused.refusal.code == _PENDING:
                return self._status(request, _PENDING, refused.refusal.retry_after_seconds)
            raise refused
        if asked.published in _ENDINGS:
            raise Faulted(_ENDINGS[asked.published])
        return None

    def _fits(self, request: Request, reply: Message, request_id: RequestId) -> bool:
        """Hold the reply to its contract: the outside broker is not trusted."""
        try:
            row = message_type(reply.type)
            answers = row.name in (f"{request.row.name}Response", "Refused", "NotKnownYet")
            if row.direction is Direction.OUTWARD and answers and reply.id == request_id:
                self._contracts.check(row.element, reply.body)
                return True
        except NeverWorks:
            pass
        self._metrics.count("lupu_gateway_replies_refused_total")
        _log.warning("reply.refused", extra={"request": str(request_id)})
        return False

    def _status(self, request: Request, status: str, again_seconds: int = 0) -> Answered:
        name = f"{request.row.name}Response"
        namespace = request.row.element[1:].partition("}")[0]
        reference = request.reference
        named = f"<RequestReference>{reference}</RequestReference>" if reference else ""
        seconds = again_seconds or self._settings.ask_again_seconds
        return Answered(
            f'<{name} xmlns="{namespace}"><Status>{status}</Status>{named}'
            f"<AskAgainSeconds>{seconds}</AskAgainSeconds></{name}>".encode(),
            status,
        )


def _answered_by(asked: Asked) -> str:
    return "" if asked.reply is None else asked.reply.trace


def _is_not_known(asked: Asked) -> bool:
    return asked.reply is not None and asked.reply.type == _NOT_KNOWN
