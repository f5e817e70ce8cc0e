"""MTOM: a multipart package inward, its parts put back into the document, and one outward.

Sources: SOAP Message Transmission Optimization Mechanism (W3C 2005) and XOP; RFC 2046, section
5.1, for the package. It is cut by hand: Python's mail parser takes seconds over a small body
made of boundaries, and forgives what nobody sends.
"""

import base64
import binascii
import uuid
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote

from adapters.soap.forms import SoapRefused, SoapVersion
from adapters.xml.parsing import Element, parse

PARTS_MAX = 20
PART_HEADER_BYTES_MAX = 4_096
_XOP = "http://www.w3.org/2004/08/xop/include"
_XOP_INCLUDE = f"{{{_XOP}}}Include"
_IDENTITY = ("", "7bit", "8bit", "binary")


@dataclass(frozen=True, slots=True)
class _Part:
    id: str
    charset: str
    content: bytes


def unpack(body: bytes, content_type: str) -> Element:
    """Return the root of a package's document, every xop:Include replaced by its part."""
    message = Message()
    message["Content-Type"] = content_type
    parts = _parts(body, _parameter(message, "boundary"))
    start = _id(_parameter(message, "start"))
    roots = [part for part in parts if part.id == start] if start else parts[:1]
    if len(roots) != 1:
        raise _malformed("The package has not one part that its start names.")
    root = parse(roots[0].content, roots[0].charset or None, instructions=True)
    _include(root, {part.id: part.content for part in parts if part is not roots[0]})
    return root


def pack(body: bytes, version: SoapVersion) -> tuple[bytes, str]:
    """Return an answer as a package of one part, and its Content-Type."""
    boundary = f"lupu-{uuid.uuid4().hex}"
    kind = version.media_type
    part = (
        f"--{boundary}\r\n"
        f'Content-Type: application/xop+xml; charset=UTF-8; type="{kind}"\r\n'
        "Content-Transfer-Encoding: binary\r\nContent-ID: <answer@lupu>\r\n\r\n"
    ).encode()
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<answer@lupu>"; '
        f'start-info="{kind}"; boundary="{boundary}"'
    )
    return part + body + f"\r\n--{boundary}--\r\n".encode(), content_type


def _parts(body: bytes, boundary: str) -> list[_Part]:
    if not boundary:
        raise _malformed("The package names no boundary.")
    mark = b"\r\n--" + boundary.encode("latin-1", "replace")
    # Before the first mark nothing counts; behind the last one stand two hyphens.
    _, *pieces = (b"\r\n" + body).split(mark, PARTS_MAX + 2)
    *pieces, end = pieces or [b""]
    if not 0 < len(pieces) <= PARTS_MAX or not end.startswith(b"--"):
        raise _malformed(f"The package must have 1 to {PARTS_MAX} parts and an end.")
    return [_part(piece) for piece in pieces]


def _part(piece: bytes) -> _Part:
    head, found, content = piece.partition(b"\r\n\r\n")
    if not found or len(head) > PART_HEADER_BYTES_MAX:
        raise _malformed("A part of the package has no end of its header.")
    headers = Message()
    for line in head.decode("latin-1").replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    return _Part(
        _id(headers.get("Content-ID", "")),
        _parameter(headers, "charset"),
        _decoded(content, headers.get("Content-Transfer-Encoding", "").strip().lower()),
    )


def _decoded(content: bytes, transfer_encoding: str) -> bytes:
    if transfer_encoding in _IDENTITY:
        return content
    if transfer_encoding != "base64":
        raise _malformed("The Content-Transfer-Encoding of a part is not supported.")
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("A part of the package is not base64.") from None


def _include(root: Element, contents: dict[str, bytes]) -> None:
    # Each part goes in once: many includes of one part would be a bomb.
    for include in list(root.iter(_XOP_INCLUDE)):
        href = include.get("href", "")
        content = contents.pop(_id(unquote(href.removeprefix("cid:"))), None)
        parent = include.getparent()
        if content is None or parent is None or len(parent) != 1 or not href.startswith("cid:"):
            raise _malformed("A part of the package is missing, or is included twice.")
        parent.remove(include)
        parent.text = base64.b64encode(content).decode("ascii")


def _parameter(message: Message, name: str) -> str:
    value = message.get_param(name, "")
    return value.strip() if isinstance(value, str) else ""


def _id(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">")


def _malformed(problem: str) -> SoapRefused:
    return SoapRefused("MALFORMED_XML", problem)
