"""Attacks on the parser and the envelope: each is refused, or comes to nothing, in little time."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.soap.answer import render_fault
from adapters.soap.envelope import NOT_UNDERSTOOD_MAX
from adapters.soap.forms import Fault, SoapRefused
from adapters.xml import Schemas, XmlRefused
from hub.errors import Refusal
from tests.unit.soap_messages import ASKED, XML_11, XML_12, envelope, envelope_12, read, refused

BODY_BYTES_MAX = 262_144
SECONDS_MAX = 0.5
PEAK_BYTES_MAX = 64 * 1_048_576

LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}'
    f'{("&l" + str(n - 1) + ";") * 9 if n else ""}">'
    for n in range(10)
)
QUADRATIC = f'<!ENTITY a "{"x" * 50_000}">'
EXTERNAL = '<!ENTITY a SYSTEM "{}">'


def _doctype(inside: str, entity: str = "a") -> str:
    text = ASKED.replace("ABC-DEF-1", f"&{entity};" * 100)
    return f"<!DOCTYPE d [{inside}]>{envelope(text)}"


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


def _bounded(attack: Callable[[], object]) -> None:
    before_bytes, began = _peak_bytes(), time.process_time()
    attack()
    assert time.process_time() - began < SECONDS_MAX
    assert _peak_bytes() - before_bytes < PEAK_BYTES_MAX


@pytest.mark.parametrize(
    "body",
    [
        _doctype(LAUGHS, "l9"),
        _doctype(QUADRATIC),
        _doctype(EXTERNAL.format("http://127.0.0.1:9/")),
        _doctype('<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;'),
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">' + envelope(),
        '<!DOCTYPE d PUBLIC "-//x" "http://127.0.0.1:9/d.dtd">' + envelope(),
        '<!DOCTYPE d [<!ATTLIST d id ID "x">]>' + envelope(),
    ],
)
def test_no_doctype_gets_in(body: str) -> None:
    """Bombs, external entities and attribute lists need a DOCTYPE, in whatever encoding."""
    for encoded in (body.encode(), body.encode("utf-16")):
        _bounded(lambda given=encoded: _is_refused(given, "DTD_FORBIDDEN"))  # type: ignore[misc]


def _is_refused(body: bytes, code: str) -> None:
    assert refused(body, "text/xml").code == code


def test_reads_no_file(tmp_path: Path) -> None:
    """The content of a file of ours is in no refusal."""
    secret = tmp_path / "secret"
    secret.write_text("the secret", "utf-8")
    error = refused(_doctype(EXTERNAL.format(secret.as_uri())), "text/xml")
    assert error.code == "DTD_FORBIDDEN"
    assert "the secret" not in f"{error} {error.problem}"


@pytest.mark.parametrize(
    "content",
    [
        '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>',
        "<a/>" * 3,
    ],
)
def test_inclusions_come_to_nothing(content: str) -> None:
    """XInclude and the like are elements like any other, which no contract has."""
    request = read(envelope(ASKED.replace("ABC-DEF-1", content)))
    with pytest.raises(XmlRefused):
        Schemas().validate(request.element)


def test_schema_locations_are_not_followed(tmp_path: Path) -> None:
    """xsi:schemaLocation names a schema that would allow everything; ours still counts."""
    lax = tmp_path / "lax.xsd"
    lax.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        'targetNamespace="urn:lupu:ticketing:1"><xs:element name="GetBooking"/></xs:schema>',
        "utf-8",
    )
    location = (
        ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        f'i:schemaLocation="urn:lupu:ticketing:1 {lax.as_uri()}">'
    )
    asked = ASKED.replace("BookingReference", "Anything").replace(">", location, 1)
    with pytest.raises(XmlRefused):
        Schemas().validate(read(envelope(asked)).element)


@pytest.mark.parametrize(
    "body",
    [
        envelope("<a>" * 300 + "</a>" * 300),
        envelope(ASKED.replace("<t:B", "<t:" + "n" * 60_000 + "/><t:B")),
    ],
)
def test_depth_and_names_are_bounded(body: str) -> None:
    """Deeper than 256 elements, or names without end, are refused."""
    _bounded(lambda: _is_refused(body.encode(), "MALFORMED_XML"))


@pytest.mark.parametrize(
    "body",
    [
        envelope("<a " + " ".join(f"a{n}=''" for n in range(25_000)) + "/>"),
        envelope("<a " + " ".join(f"xmlns:p{n}='u:{n}'" for n in range(11_000)) + "/>"),
        envelope("<a>" + "<b/>" * 60_000 + "</a>"),
        envelope("", header="<a/>" * 60_000),
        envelope(header='<a xmlns="urn:a" s:mustUnderstand="1"/>' * 6_000),
        envelope(header='<a xmlns="urn:a" s:mustUnderstand="1"/>' * 90),
        envelope("".join(f"<n{n}/>" for n in range(25_000))),
    ],
)
def test_what_fits_the_size_costs_little(body: str) -> None:
    """Whatever fits into the largest body is dealt with in a blink and little memory."""
    assert len(body) <= BODY_BYTES_MAX

    found: list[SoapRefused] = []
    _bounded(lambda: found.append(refused(body)))
    assert len(found[0].not_understood) <= NOT_UNDERSTOOD_MAX


def test_a_comment_splits_no_text() -> None:
    """A comment or CDATA inside a value changes nothing: whoever reads it reads all of it."""
    for inside in ("ABC<!-- x -->-DEF-1", "ABC<![CDATA[-DEF]]>-1"):
        request = read(envelope(ASKED.replace("ABC-DEF-1", inside)))
        assert request.element[0].text == "ABC-DEF-1"


def test_soap_arrays_are_refused() -> None:
    """SOAP encoding's arrays, and their sizes, have no place in document/literal."""
    encoding = "http://schemas.xmlsoap.org/soap/encoding/"
    asked = ASKED.replace(">", f' xmlns:c="{encoding}" c:arrayType="c:s[999999999]">', 1)
    with pytest.raises(XmlRefused) as error:
        Schemas().validate(read(envelope(asked)).element)
    assert error.value.code == "SCHEMA_INVALID"


NASTY = "&lt;script&gt;&amp;'\"]]&gt;"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (envelope(ASKED.replace("ABC-DEF-1", NASTY)), XML_11),
        (envelope_12(header=f'<a xmlns="urn:{NASTY[:8]}" s:mustUnderstand="1"/>'), XML_12),
        (f"<script>{envelope()}", XML_11),
        (envelope(f"<script>{NASTY}</script>"), XML_11),
    ],
)
def test_nothing_is_echoed_unescaped(body: str, content_type: str) -> None:
    """Whatever of a request stands in a fault cannot become markup there."""
    problem = ""
    not_understood: tuple[str, ...] = ()
    try:
        Schemas().validate(read(body, content_type).element)
    except SoapRefused as error:
        problem, not_understood = error.problem, error.not_understood
    except XmlRefused as error:
        problem = str(error)
    refusal = Refusal("X", f"No. {problem}", f"否。{problem}", "Correct it.", "请更正。")
    fault = Fault("InvalidRequest", refusal, sender=True, not_understood=not_understood)
    rendered = render_fault(read(envelope_12(), XML_12).form, fault)
    assert b"<script" not in rendered.body
