"""One SOAP request, from its bytes to its answer, each step handing a value to the next."""

import logging
import threading
from dataclasses import dataclass, replace

from lxml import etree

from adapters.agents import Agent
from adapters.published import Snapshot
from adapters.soap.answer import render_answer, render_fault
from adapters.soap.envelope import SoapRequest, read_request
from adapters.soap.forms import Fault, Posted, Rendered, Service, SoapRefused, SoapVersion
from adapters.soap.proof import make_proof
from adapters.xml import Schemas, XmlRefused
from dmz_gateway.agents import refusals
from dmz_gateway.agents.faults import Faulted, RefusedInside, faulted
from dmz_gateway.agents.forwarding import Answered, Forwarding, Request
from dmz_gateway.agents.names import Names
from dmz_gateway.agents.offers import Catalogue, Wanted, list_offers_response
from dmz_gateway.agents.rate import Rates
from dmz_gateway.agents.sign_in import SIGNATURE, SignIn
from dmz_gateway.agents.trace import Trace
from dmz_gateway.body import (
    BadBody,
    Stream,
    TooLarge,
    UnknownPacking,
    drain,
    read_body,
    unpack,
)
from dmz_gateway.settings import Gateway
from hub.guard import BODY_BYTES_MAX
from hub.messages import TICKETING, Lane, MessageType, message_type
from hub.ports import Clock, Metrics
from hub.trace import Edge, Tracer

_log = logging.getLogger(__name__)

LIST_OFFERS = "ListOffers"
REFERENCE = f"{{{TICKETING}}}RequestReference"
PLACED_AS = f"{{{TICKETING}}}PlacedAs"
BURST_SECONDS = 2
CONTENT_TYPE_BYTES_MAX = 500
DRAINED_BYTES_MAX = 4_194_304


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What HAProxy handed on. ``certificate`` is the client's fingerprint, empty without one."""

    stream: Stream
    length: str
    packing: str
    content_type: str
    soap_action: str | None
    certificate: str


class Endpoint:
    """Answers the requests of one WSDL; safe from any thread."""

    def __init__(
        self,
        service: Service,
        settings: Gateway,
        *,
        schemas: Schemas,
        sign_in: SignIn,
        forwarding: Forwarding,
        offers: Snapshot[Catalogue],
        clock: Clock,
        metrics: Metrics,
        edge: Edge,
        tracer: Tracer,
    ) -> None:
        self._service = service
        self._settings = settings
        self._schemas = schemas
        self._sign_in = sign_in
        self._forwarding = forwarding
        self._offers = offers
        self._clock = clock
        self._metrics = metrics
        self._edge, self._tracer = edge, tracer
        self._rates = Rates()
        self._names = Names()
        self._drains = threading.BoundedSemaphore(settings.drains_max)

    def trace(self, parent: str, state: str) -> Trace:
        """Begin to note what is known of a request that came with these headers."""
        context, follows = self._edge.context(parent, state)
        return Trace(context=context, follows=follows)

    def answer(self, asked: HttpRequest, trace: Trace) -> Rendered:
        """Return the answer or the fault; what is raised is a mistake of our own."""
        try:
            answered, action = self._answer(asked, trace)
        except (Faulted, RefusedInside) as error:
            return self.refuse(error.fault(), trace)
        rendered = render_answer(trace.form, answered.document, action)
        self._finish(trace, answered.code)
        return rendered

    def refuse(self, fault: Fault, trace: Trace) -> Rendered:
        """Return a fault in the form that whoever asked understands."""
        if fault.sender and not fault.status and trace.form.version is SoapVersion.SOAP_12:
            fault = replace(fault, status=self._settings.sender_fault_status)
        rendered = render_fault(trace.form, fault)
        self._finish(trace, fault.refusal.code)
        return rendered

    def failed(self, trace: Trace) -> Rendered:
        """Return the fault for a mistake of our own: nothing was sent, or nobody knows."""
        refused = refusals.NOT_KNOWN_WHETHER_SENT if trace.sent else refusals.INTERNAL
        return self.refuse(Faulted(refused).fault(), trace)

    def _answer(self, asked: HttpRequest, trace: Trace) -> tuple[Answered, str]:
        body = self._body(asked)
        trace.passed("read")
        try:
            request = self._read(asked, body, trace)
            agent = self._admit(asked, request, trace)
            document = self._accept(request)
            proof = self._proof(asked, body, document, trace)
        except Faulted:
            self._names.refused(body)
            raise
        trace.passed("checked")
        if request.operation == LIST_OFFERS:
            return self._list_offers(agent, request.element), request.answer_action
        trace.reference = _reference(request.element)
        trace.sent = True
        trace.sending = trace.context.child() if trace.context.sampled else trace.context
        row = message_type(f"{request.operation}.1")
        forwarded = Request(
            row,
            _lane(row, request.element),
            f"agent:{agent.number}",
            trace.sign_in,
            trace.reference,
            document,
            proof,
            trace.sending,
        )
        action = request.answer_action
        # What was parsed goes now, while it is at hand, and not when the answer has come.
        del request, body
        return self._forwarding.answer(forwarded, trace.passed), action

    def _body(self, asked: HttpRequest) -> bytes:
        # HAProxy hands a body on once it has it whole, or more of it than is read here: only
        # what is left of one that is too large may be long in coming.
        bytes_max = self._settings.body_bytes_max
        try:
            body = read_body(asked.stream, asked.length, bytes_max)
            return unpack(body, asked.packing, bytes_max)
        except TooLarge:
            self._drain(asked)
            raise Faulted(refusals.TOO_LARGE, f"At most {bytes_max} bytes.") from None
        except UnknownPacking:
            raise Faulted(refusals.UNSUPPORTED_MEDIA_TYPE) from None
        except BadBody as error:
            raise Faulted(refusals.MALFORMED_XML, str(error)) from None

    def _drain(self, asked: HttpRequest) -> None:
        if self._drains.acquire(blocking=False):
            try:
                drain(asked.stream, asked.length, DRAINED_BYTES_MAX)
            finally:
                self._drains.release()

    def _read(self, asked: HttpRequest, body: bytes, trace: Trace) -> SoapRequest:
        def read(content: bytes) -> SoapRequest:
            return read_request(
                Posted(content, asked.content_type, asked.soap_action), self._service
            )

        try:
            request = self._names.parse(body, read)
        except SoapRefused as refused:
            trace.form = refused.form or trace.form
            raise faulted(refused) from None
        trace.form = request.form
        trace.operation = request.operation
        trace.passed("parsed")
        return request

    def _admit(self, asked: HttpRequest, request: SoapRequest, trace: Trace) -> Agent:
        try:
            signed_in = self._sign_in.check(asked.certificate, request)
        except SoapRefused as refused:
            raise faulted(refused) from None
        trace.agent = signed_in.agent.number
        trace.sign_in = signed_in.kind
        rate = signed_in.agent.requests_per_second_max
        after_seconds = self._rates.take(
            trace.agent,
            per_second=rate,
            burst=rate * BURST_SECONDS,
            now=self._clock.monotonic(),
        )
        if after_seconds:
            raise Faulted(refusals.TOO_MANY_REQUESTS.after(after_seconds))
        trace.passed("signed_in")
        return signed_in.agent

    def _accept(self, request: SoapRequest) -> bytes:
        try:
            self._schemas.validate(request.element)
        except XmlRefused as refused:
            raise faulted(refused) from None
        return etree.tostring(
            request.element, encoding="utf-8", xml_declaration=False, with_tail=False
        )

    def _proof(self, asked: HttpRequest, body: bytes, document: bytes, trace: Trace) -> bytes:
        """Return what the agent signed, to go along; empty where it did not sign."""
        if SIGNATURE not in trace.sign_in:
            return b""
        if len(asked.content_type.encode()) > CONTENT_TYPE_BYTES_MAX:
            raise Faulted(refusals.UNSUPPORTED_MEDIA_TYPE)  # the hub would read no longer one
        proof = make_proof(body, asked.content_type)
        if len(document) + len(proof) > BODY_BYTES_MAX:
            raise Faulted(refusals.TOO_LARGE, "A signed request crosses twice: half the size.")
        return proof

    def _list_offers(self, agent: Agent, element: etree._Element) -> Answered:
        edition = self._offers.edition
        if edition is None:
            raise Faulted(refusals.OFFERS_NOT_KNOWN)
        try:
            values = self._schemas.values(element)
        except XmlRefused as refused:
            raise faulted(refused) from None
        wanted = Wanted(values.get("TicketType"), values.get("FromDay"), values.get("ToDay"))
        offers = edition.content.offers(agent, wanted)
        document = list_offers_response(edition, self._clock.now(), offers)
        return Answered(document, "DONE")

    def _finish(self, trace: Trace, code: str) -> None:
        operation = trace.operation
        self._metrics.count("lupu_gateway_answers_total", operation=operation, code=code)
        self._metrics.observe("lupu_gateway_seconds", trace.seconds(), operation=operation)
        _log.info("gateway.answered", extra=trace.facts(code))
        if trace.context.sampled:
            for span in trace.spans(code):
                self._tracer.told(span)


def _lane(row: MessageType, element: etree._Element) -> Lane:
    # By the agent's own name for it, a booking is meant that may still be on its way: overtaken,
    # it would not be there in time.
    if row.lane is Lane.URGENT and element.find(PLACED_AS) is not None:
        return Lane.REQUESTS
    return row.lane


def _reference(element: etree._Element) -> str:
    # Collapsed as xs:token is; queries have none.
    return " ".join((element.findtext(REFERENCE) or "").split())
