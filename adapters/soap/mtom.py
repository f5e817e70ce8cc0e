"""MTOM: a multipart package inward, its parts put back into the document, and one outward.

Source: SOAP Message Transmission Optimization Mechanism (W3C 2005) and XOP.
"""

import base64
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from lxml import etree

from adapters.soap.forms import AnswerForm, SoapRefused, SoapVersion
from adapters.xml.parsing import parse

PARTS_MAX = 20
_XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"


def unpack(body: bytes, content_type: str, version: SoapVersion) -> etree._Element:
    """Return the root of a package's document, every xop:Include replaced by its part."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts: list[Any] = list(message.iter_parts()) if message.is_multipart() else []
    if not 0 < len(parts) <= PARTS_MAX:
        raise SoapRefused(
            "MALFORMED_XML", "The package has no parts, or too many.", form=AnswerForm(version)
        )
    root = parse(parts[0].get_payload(decode=True) or b"")
    by_id = {str(part["Content-ID"] or "").strip("<> "): part for part in parts[1:]}
    for include in list(root.iter(_XOP_INCLUDE)):
        part = by_id.get(include.get("href", "").removeprefix("cid:"))
        parent = include.getparent()
        if part is None or parent is None:
            raise SoapRefused(
                "MALFORMED_XML", "A part of the package is missing.", form=AnswerForm(version)
            )
        parent.remove(include)
        parent.text = base64.b64encode(part.get_payload(decode=True) or b"").decode("ascii")
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
