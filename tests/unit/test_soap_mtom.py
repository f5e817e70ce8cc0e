"""MTOM packages: read from any stack, bounded, and answered in kind."""

import base64
import time

import pytest

from adapters.soap import mtom
from adapters.soap.answer import render_answer
from adapters.soap.forms import SoapRefused, SoapVersion
from tests.unit.soap_messages import ASKED, envelope, envelope_12, read, refused

JAVA = (
    'multipart/related; type="application/xop+xml"; boundary="uuid:1"; '
    'start="<root@x>"; start-info="text/xml"'
)
DOT_NET = (
    'multipart/related; type="application/xop+xml";start="<root@x>";boundary="uuid:1";'
    'start-info="application/soap+xml"'
)
ROOT = 'Content-ID: <root@x>\r\nContent-Type: application/xop+xml; charset=UTF-8; type="text/xml"'
INCLUDE = (
    '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:part%40x"></i:Include>'
)
WITH_INCLUDE = ASKED.replace("ABC-DEF-1", INCLUDE)


def package(*parts: tuple[str, bytes], end: str = "--uuid:1--\r\n") -> bytes:
    """Return a package of parts, each with its header."""
    written = [f"--uuid:1\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts]
    return b"".join(written) + end.encode()


def test_reads_a_package_of_one_part() -> None:
    """A request in a package is read like any other, in both versions."""
    request = read(package((ROOT, envelope().encode())), JAVA)
    assert request.operation == "GetBooking"
    assert request.form.mtom
    request = read(package((ROOT, envelope_12().encode())), DOT_NET)
    assert request.form.version is SoapVersion.SOAP_12


@pytest.mark.parametrize(
    ("encoding", "content"), [("binary", b"\x00\xff\r\n"), ("base64", b"AP8N\r\nCg==")]
)
def test_puts_parts_back(encoding: str, content: bytes) -> None:
    """What xop:Include names stands in the document as Base64 before anything is checked."""
    head = f"Content-Transfer-Encoding: {encoding}\r\nContent-ID: <part@x>"
    body = package((head, content), (ROOT, envelope(WITH_INCLUDE).encode()))
    assert read(body, JAVA).element[0].text == base64.b64encode(b"\x00\xff\r\n").decode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", JAVA),
        (b"--uuid:1--\r\n", JAVA),
        (package((ROOT, envelope().encode()), end=""), JAVA),
        (package((ROOT.replace("root", "other"), envelope().encode())), JAVA),
        (package((ROOT, envelope().encode()), (ROOT, b"")), JAVA),
        (package((ROOT, envelope(WITH_INCLUDE).encode())), JAVA),
        (package((ROOT, envelope().encode())), JAVA.replace("uuid:1", "other")),
        (package((ROOT, envelope().encode())), JAVA.replace('boundary="uuid:1"; ', "")),
        (package((ROOT + "\r\nX: " + "x" * 5_000, envelope().encode())), JAVA),
        (
            package((ROOT + "\r\nContent-Transfer-Encoding: x-uu", envelope().encode())),
            JAVA,
        ),
        (package((ROOT, envelope().encode()), *[("A: b", b"")] * mtom.PARTS_MAX), JAVA),
    ],
)
def test_refuses_broken_packages(body: bytes, content_type: str) -> None:
    """A package that is cut off, too large in number, or lacks a part is refused."""
    assert refused(body, content_type).code == "MALFORMED_XML"


def test_refuses_one_part_included_twice() -> None:
    """Many includes of one large part would be a bomb: each part goes in once."""
    twice = WITH_INCLUDE.replace("</t:GetBooking>", f"<t:x>{INCLUDE}</t:x></t:GetBooking>")
    body = package((ROOT, envelope(twice).encode()), ("Content-ID: <part@x>", b"x"))
    assert refused(body, JAVA).code == "MALFORMED_XML"


def test_a_body_of_boundaries_costs_little() -> None:
    """A quarter of a megabyte of boundaries is refused in a blink."""
    body = b"--uuid:1\r\n" * 26_000
    began = time.process_time()
    assert refused(body, JAVA).code == "MALFORMED_XML"
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/related; type="text/xml"; boundary=x',
        "multipart/form-data; boundary=x",
        'multipart/related; type="application/xop+xml"; start-info="text/html"; boundary=x',
    ],
)
def test_other_packages_are_another_media_type(content_type: str) -> None:
    """Only MTOM is understood among packages."""
    assert refused(b"--x--", content_type).code == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("content_type", [JAVA, DOT_NET])
def test_answers_a_package_with_a_package(content_type: str) -> None:
    """Who asks by MTOM is answered by MTOM, and the answer can be read as such."""
    asked = envelope() if content_type == JAVA else envelope_12()
    request = read(package((ROOT, asked.encode())), content_type)
    answer = render_answer(request.form, ASKED.encode(), request.answer_action)
    assert answer.content_type.startswith("multipart/related; type=")
    again = read(answer.body, answer.content_type)
    assert again.operation == "GetBooking"
    assert again.form == request.form


def test_the_root_is_parsed_as_safely() -> None:
    """A DOCTYPE in the root part is refused as in any request."""
    with pytest.raises(SoapRefused) as error:
        read(package((ROOT, b"<!DOCTYPE a>" + envelope().encode())), JAVA)
    assert error.value.code == "DTD_FORBIDDEN"
