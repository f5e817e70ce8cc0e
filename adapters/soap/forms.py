"""The values that reading and answering share."""

import enum
from dataclasses import dataclass

from hub.errors import NeverWorks, Refusal

ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"


class SoapVersion(enum.Enum):
    """The two versions, each with the namespace of its envelope."""

    SOAP_11 = ENVELOPE_11
    SOAP_12 = ENVELOPE_12

    @property
    def media_type(self) -> str:
        """The Content-Type of this version."""
        return "text/xml" if self is SoapVersion.SOAP_11 else "application/soap+xml"


@dataclass(frozen=True, slots=True)
class Posted:
    """What came by HTTP: the body without its Content-Encoding, and two headers.

    ``soap_action`` None: the header was not there.
    """

    body: bytes
    content_type: str
    soap_action: str | None = None


@dataclass(frozen=True, slots=True)
class Addressing:
    """What of WS-Addressing an answer needs: which edition, and what it relates to."""

    namespace: str
    message_id: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How an answer must look to be understood by whoever asked."""

    version: SoapVersion = SoapVersion.SOAP_11
    addressing: Addressing | None = None
    mtom: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The operations of one WSDL. An operation's element has its name, in ``namespace``."""

    namespace: str
    operations: frozenset[str]

    def action(self, operation: str) -> str:
        """Return the SOAPAction of an operation, or of its answer: ``urn:...:1/PlaceBooking``."""
        return f"{self.namespace}/{operation}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal as a SOAP fault.

    ``element`` is the local name of the fault declared in the WSDL; ``sender``: the caller has
    to change something; ``status`` 0: the usual HTTP status of a fault. ``not_understood`` are
    the headers of a MUST_UNDERSTAND fault, in Clark notation.
    """

    element: str
    refusal: Refusal
    sender: bool
    status: int = 0
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """An HTTP answer, ready to be sent."""

    body: bytes
    content_type: str
    status: int = 200


class SoapRefused(NeverWorks):
    """A request is refused before it reaches its operation.

    ``code`` is the fault code (``VERSION_MISMATCH`` ...). ``problem`` is a sentence for whoever
    asked; it may quote the request and never goes to a log. ``form`` says how to answer, where
    that is known by now.
    """

    def __init__(
        self,
        code: str,
        problem: str = "",
        *,
        form: AnswerForm | None = None,
        not_understood: tuple[str, ...] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.problem = problem
        self.form = form
        self.not_understood = not_understood
