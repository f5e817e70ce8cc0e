"""A request that ends with a fault."""

from dataclasses import replace

from adapters.soap.forms import Fault, SoapRefused
from adapters.xml import XmlRefused, read_refusal
from dmz_gateway.agents import refusals
from dmz_gateway.agents.refusals import GatewayRefusal
from hub.errors import Refusal

_BY_CODE = {
    entry.refusal.code: entry
    for entry in (
        refusals.MALFORMED_XML,
        refusals.DTD_FORBIDDEN,
        refusals.ENCODING_UNSUPPORTED,
        refusals.TOO_LARGE,
        refusals.UNSUPPORTED_MEDIA_TYPE,
        refusals.METHOD_NOT_ALLOWED,
        refusals.VERSION_MISMATCH,
        refusals.MUST_UNDERSTAND,
        refusals.UNKNOWN_OPERATION,
        refusals.ACTION_MISMATCH,
        refusals.ADDRESSING_UNSUPPORTED,
        refusals.SCHEMA_INVALID,
        refusals.SIGN_IN_FAILED,
        refusals.SIGN_IN_REPLAYED,
        refusals.MESSAGE_EXPIRED,
        refusals.SIGNATURE_INVALID,
    )
}


DETAILS_ZH = "详情见英文说明。"


class Faulted(Exception):
    """The gateway refuses the request.

    ``problem`` is added to the English sentence, and the Chinese one points to it: what the
    parser and the schema say there is English alone. It may quote the request and never goes to
    a log.
    """

    def __init__(
        self, refused: GatewayRefusal, problem: str = "", not_understood: tuple[str, ...] = ()
    ) -> None:
        super().__init__(refused.refusal.code)
        self.refused = refused
        self.problem = problem
        self.not_understood = not_understood

    def fault(self) -> Fault:
        """Return the fault."""
        refusal = self.refused.refusal
        if self.problem:
            refusal = replace(
                refusal,
                sentence_en=f"{refusal.sentence_en} {self.problem}",
                sentence_zh=f"{refusal.sentence_zh}{DETAILS_ZH}",
            )
        return Fault(
            element=self.refused.element,
            refusal=refusal,
            sender=self.refused.sender,
            status=self.refused.status,
            not_understood=self.not_understood,
        )


class RefusedInside(Exception):
    """The request was decided inside, and the answer is no."""

    def __init__(self, document: bytes) -> None:
        """``document`` is the Refused element, valid."""
        self.refusal: Refusal = read_refusal(document)
        super().__init__(self.refusal.code)

    def fault(self) -> Fault:
        """Return the fault."""
        return Fault(element=refusals.REFUSED, refusal=self.refusal, sender=True)


def faulted(error: SoapRefused | XmlRefused) -> Faulted:
    """Return the gateway's refusal for what reading the request refused."""
    refused = _BY_CODE[error.code]
    if isinstance(error, SoapRefused):
        return Faulted(refused, error.problem, error.not_understood)
    return Faulted(refused, str(error))
