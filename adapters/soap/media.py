"""What a Content-Type says: the SOAP version, the charset, the action, an MTOM package."""

from dataclasses import dataclass
from email.message import Message
from functools import lru_cache

from adapters.soap.forms import AnswerForm, SoapRefused, SoapVersion
from adapters.xml.parsing import ENCODINGS

_CONTENT_TYPE_CHARACTERS_MAX = 1_000
_VERSIONS = {"text/xml": SoapVersion.SOAP_11, "application/soap+xml": SoapVersion.SOAP_12}


@dataclass(frozen=True, slots=True)
class Media:
    """A Content-Type, read.

    ``charset`` is empty where none is given; where one is given it overrules the document's own
    declaration (RFC 7303, section 3). ``package`` says that the body is multipart (MTOM).
    """

    version: SoapVersion
    charset: str
    action: str
    package: bool


@lru_cache(maxsize=256)
def read_media(content_type: str) -> Media:
    """Read a Content-Type header; SoapRefused where it names nothing that SOAP travels in."""
    if len(content_type) > _CONTENT_TYPE_CHARACTERS_MAX:
        raise _unsupported()
    message = Message()
    message["Content-Type"] = content_type
    kind = message.get_content_type() if content_type.strip() else ""
    package = kind == "multipart/related"
    if package:
        if _parameter(message, "type").lower() != "application/xop+xml":
            raise _unsupported()
        kind = _parameter(message, "start-info").lower().partition(";")[0].strip() or "text/xml"
    version = _VERSIONS.get(kind)
    if version is None:
        raise _unsupported()
    charset = "" if package else _parameter(message, "charset")
    if charset and charset.upper() not in ENCODINGS:
        raise SoapRefused("ENCODING_UNSUPPORTED", form=AnswerForm(version))
    return Media(version, charset, _parameter(message, "action"), package)


def _parameter(message: Message, name: str) -> str:
    value = message.get_param(name, "")
    return value.strip() if isinstance(value, str) else ""


def _unsupported() -> SoapRefused:
    return SoapRefused("UNSUPPORTED_MEDIA_TYPE")
