"""The entrance for feeds: POST a feed, GET what became of it."""

import logging
import threading
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from adapters.agents import Agent
from adapters.soap.forms import SoapRefused
from adapters.xml import Schemas, XmlRefused, write_refusal
from dmz_gateway.agents import refusals
from dmz_gateway.agents.faults import Faulted, faulted
from dmz_gateway.agents.rate import Rates
from dmz_gateway.agents.sign_in import SignedIn, SignIn
from dmz_gateway.body import Stream
from dmz_gateway.feeds.reading import BookingTooLarge, FeedReader, TotalsWrong
from dmz_gateway.feeds.sending import Process, Sender
from dmz_gateway.replies import Replies
from dmz_gateway.settings import Gateway
from hub.envelope import Message, RequestId
from hub.messages import FEEDS, Lane, message_type, reply_queue
from hub.ports import Clock, Metrics

_log = logging.getLogger(__name__)

PATH = "/feeds"
GET_FEED = message_type("GetFeed.1")
ACCEPTED = f"{{{FEEDS}}}FeedAccepted"
ANSWER = "GetFeedResponse.1"
BURST_SECONDS = 2
_BASIC = "Basic "
_REFUSED_STATUS, _LATER_STATUS = 422, 503


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What HAProxy handed on. ``certificate`` is the client's fingerprint, empty without one."""

    method: str
    path: str
    query: str
    stream: Stream
    authorization: str
    certificate: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP status and an XML document."""

    status: int
    body: bytes


class FeedEndpoint:
    """Answers for feeds; safe from any thread. As many are read at once as there are seats."""

    def __init__(
        self,
        settings: Gateway,
        *,
        schemas: Schemas,
        sign_in: SignIn,
        sender: Sender,
        replies: Replies,
        process: Process,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._settings, self._schemas = settings, schemas
        self._sign_in, self._sender, self._replies = sign_in, sender, replies
        self._process = process
        self._clock, self._metrics = clock, metrics
        self._rates = Rates()
        self._seats = threading.BoundedSemaphore(settings.feeds_max)

    def answer(self, asked: FeedRequest) -> Reply:
        """Return the answer or the refusal; what is raised is a mistake of our own."""
        try:
            return self._answer(asked)
        except Faulted as error:
            return self.refuse(error)

    def _answer(self, asked: FeedRequest) -> Reply:
        signed_in = self._signed_in(asked)
        if asked.method == "POST" and asked.path == PATH:
            return self._feed(asked, signed_in)
        if asked.method == "GET" and asked.path.startswith(f"{PATH}/"):
            return self._state(asked, signed_in)
        raise Faulted(refusals.NOT_FOUND)

    def refuse(self, error: Faulted) -> Reply:
        """Return a refusal as a document."""
        fault = error.fault()
        usual = _REFUSED_STATUS if fault.sender else _LATER_STATUS
        code = fault.refusal.code
        self._count(code)
        return Reply(fault.status or usual, write_refusal(fault.refusal, fault.element))

    def _count(self, code: str) -> None:
        self._metrics.count("lupu_gateway_answers_total", operation="BookingFeed", code=code)
        _log.info("gateway.answered", extra={"operation": "BookingFeed", "code": code})

    def _signed_in(self, asked: FeedRequest) -> SignedIn:
        user, password = _basic(asked.authorization)
        try:
            return self._sign_in.plain(asked.certificate, user, password)
        except SoapRefused as refused:
            raise faulted(refused) from None

    def _feed(self, asked: FeedRequest, signed_in: SignedIn) -> Reply:
        self._take(signed_in.agent)
        if not self._seats.acquire(blocking=False):
            raise Faulted(refusals.FEEDS_BUSY)
        try:
            # libxml2 keeps each name for as long as a thread lives: this one ends with the feed.
            with ThreadPoolExecutor(1, "feed") as ends:
                return ends.submit(self._read, asked, signed_in).result()
        finally:
            self._seats.release()

    def _read(self, asked: FeedRequest, signed_in: SignedIn) -> Reply:
        reader = FeedReader(asked.stream.read, self._schemas)
        agent = signed_in.agent
        try:
            count = self._sender.send(
                f"agent:{agent.number}", signed_in.kind, reader, lambda: self._wait(agent)
            )
        except XmlRefused as refused:
            raise faulted(refused) from None
        except BookingTooLarge:
            raise Faulted(refusals.TOO_LARGE, f"Booking {reader.count}.") from None
        except TotalsWrong as wrong:
            raise Faulted(refusals.FEED_TOTALS_WRONG, str(wrong)) from None
        except OSError:
            raise Faulted(refusals.FEED_INTERRUPTED) from None
        self._count("RECEIVED")
        said = {"FeedReference": reader.feed, "Count": count}
        return Reply(202, self._schemas.write(ACCEPTED, said))

    def _state(self, asked: FeedRequest, signed_in: SignedIn) -> Reply:
        self._take(signed_in.agent)
        feed, after = asked.path.removeprefix(f"{PATH}/"), asked.query.removeprefix("after=")
        wanted = {"FeedReference": feed, "After": int(after) if after.isdecimal() else 0}
        try:
            body = self._schemas.write(GET_FEED.element, wanted)
        except XmlRefused as refused:
            raise faulted(refused) from None
        seconds = self._settings.query_wait_seconds
        message = self._question(signed_in, body, seconds)
        reply = self._replies.ask(message, Lane.QUERIES, seconds).reply
        if reply is None or reply.id != message.id:
            raise Faulted(refusals.NO_ANSWER)
        if reply.type != ANSWER:
            return Reply(404, reply.body)
        return Reply(200, reply.body)

    def _question(self, signed_in: SignedIn, body: bytes, seconds: float) -> Message:
        now, process = self._clock.now(), self._process
        sent = process.transmission()
        return Message(
            type=GET_FEED.key,
            id=RequestId(
                f"agent:{signed_in.agent.number}", GET_FEED.name, f"{sent.boot}.{sent.sequence}"
            ),
            transmission=sent,
            accepted_at=now,
            body=body,
            reply_to=reply_queue(process.origin, process.boot),
            expires_at=now + timedelta(seconds=seconds),
            sign_in=signed_in.kind,
        ).passed(process.origin, now)

    def _take(self, agent: Agent) -> None:
        if after_seconds := self._after_seconds(agent):
            raise Faulted(refusals.TOO_MANY_REQUESTS.after(after_seconds))

    def _wait(self, agent: Agent) -> None:
        """A part counts as a request: a feed is slowed down to its agency's rate."""
        while after_seconds := self._after_seconds(agent):
            time.sleep(min(after_seconds, 1 / agent.requests_per_second_max))

    def _after_seconds(self, agent: Agent) -> int:
        rate = agent.requests_per_second_max
        return self._rates.take(
            agent.number,
            per_second=rate,
            burst=rate * BURST_SECONDS,
            now=self._clock.monotonic(),
        )


def _basic(authorization: str) -> tuple[str, str]:
    """Return user and password of an Authorization header, empty where it has none."""
    try:
        given = b64decode(authorization.removeprefix(_BASIC), validate=True).decode()
    except ValueError:
        return "", ""
    user, _, password = given.partition(":")
    return (user, password) if authorization.startswith(_BASIC) else ("", "")
