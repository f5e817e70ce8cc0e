"""Hostile documents are refused by name, at once and in little memory."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.xml import Schemas, XmlRefused, parse
from tests.unit.xml_values import PLACE_BOOKING

BODY_BYTES_MAX = 262_144
REFUSED_WITHIN_SECONDS = 1.0
MEMORY_GROWS_BYTES_MAX = 64 * 1_048_576
START = '<PlaceBooking xmlns="urn:lupu:ticketing:1">'
SECRET = "a-line-of-a-file-of-ours"


def bomb(levels: int) -> str:
    """Return entities each of which is ten of the one before."""
    entities = "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, levels)
    )
    return f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><a>&e{levels - 1};</a>'


def filled(piece: str) -> str:
    """Return an open PlaceBooking with as many pieces as fit into the largest body."""
    many = (BODY_BYTES_MAX - 200) // len(piece)
    return f"{START}{piece * many}</PlaceBooking>"


def numbered(pattern: str, many: int) -> str:
    """Return a pattern with the numbers from 0 on in it."""
    return "".join(pattern.format(number) for number in range(many))


ATTRIBUTES = numbered("a{0}='' ", 20_000)
NAMESPACES = numbered("xmlns:n{0}='u:{0}' ", 10_000)
INCLUSION = """<i:include xmlns:i='http://www.w3.org/2001/XInclude' parse='text'
 href='file:///{file}'/>"""
LOCATION = """xsi:schemaLocation='urn:lupu:ticketing:1 file:///{file}'
 xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"""

HOSTILE = {
    "billion laughs": (bomb(12), "DTD_FORBIDDEN"),
    "quadratic": (f'<!DOCTYPE a [<!ENTITY e "{"x" * 60_000}">]><a>{"&e;" * 40_000}</a>', "DTD"),
    "entity in attribute": ('<!DOCTYPE a [<!ENTITY e "x">]><a b="&e;"/>', "DTD_FORBIDDEN"),
    "external entity": ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///{file}">]><a>&e;</a>', "DTD"),
    "parameter entity": ('<!DOCTYPE a [<!ENTITY % e SYSTEM "file:///{file}"> %e;]><a/>', "DTD"),
    "external DTD": ('<!DOCTYPE a SYSTEM "file:///{file}"><a/>', "DTD_FORBIDDEN"),
    "undefined entity": (f"{START}&nowhere;</PlaceBooking>", "MALFORMED_XML"),
    "deep": ("<a>" * 30_000 + "</a>" * 30_000, "MALFORMED_XML"),
    "long name": (f"<{'a' * 60_000}/>", "MALFORMED_XML"),
    "many attributes": (f"<a {ATTRIBUTES}/>", "SCHEMA_INVALID"),
    "many namespaces": (f"<a {NAMESPACES}/>", "SCHEMA_INVALID"),
    "attributes on ours": (f"{START[:-1]} {ATTRIBUTES}/>", "SCHEMA_INVALID"),
    "many elements": (filled("<b/>"), "SCHEMA_INVALID"),
    "many names": (f"{START}{numbered('<n{0}/>', 24_000)}</PlaceBooking>", "SCHEMA_INVALID"),
    "one long text": (f"{START}{'x' * 260_000}</PlaceBooking>", "SCHEMA_INVALID"),
    "many comments": (filled("<!-- -->"), "SCHEMA_INVALID"),
    "control character": (f"{START}&#1;</PlaceBooking>", "MALFORMED_XML"),
    "NUL": (f"{START}\0</PlaceBooking>", "MALFORMED_XML"),
    "XInclude": (f"{START}{INCLUSION}</PlaceBooking>", "SCHEMA_INVALID"),
    "other schema": (f"{START[:-1]} {LOCATION}/>", "SCHEMA_INVALID"),
    "nothing": ("", "MALFORMED_XML"),
    "two roots": ("<a/><a/>", "MALFORMED_XML"),
    "no XML": ("PlaceBooking please", "MALFORMED_XML"),
}
SCHEMAS = Schemas()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer a file of ours that nobody outside may read."""
    path = tmp_path_factory.mktemp("ours") / "secret.txt"
    path.write_text(SECRET, "utf-8")
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_at_once(name: str, secret: Path) -> None:
    """Refused by its code within a second; the sentence is short and tells nothing of ours."""
    text, code = HOSTILE[name]
    body = text.replace("{file}", str(secret).lstrip("/")).encode()
    assert len(body) <= BODY_BYTES_MAX
    begun = time.process_time()
    with pytest.raises(XmlRefused) as refused:
        SCHEMAS.check(PLACE_BOOKING, body)
    assert time.process_time() - begun < REFUSED_WITHIN_SECONDS
    assert refused.value.code.startswith(code)
    assert SECRET not in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "encoding", ["utf-7", "utf-32", "hz", "iso2022_jp", "shift_jis", "gb18030", "cp1252", "cp037"]
)
def test_other_encodings_are_refused(encoding: str) -> None:
    """What iconv would take and nobody needs is refused, declared or not."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>{START}王</PlaceBooking>'
    with pytest.raises(XmlRefused) as refused:
        parse(text.encode(encoding, "xmlcharrefreplace"))
    assert refused.value.code in {"ENCODING_UNSUPPORTED", "MALFORMED_XML"}


@pytest.mark.parametrize("body", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xff", b"\xf5\x80\x80\x80"])
def test_broken_characters_are_refused(body: bytes) -> None:
    """Overlong forms, surrogates and bytes that are no UTF-8."""
    with pytest.raises(XmlRefused) as refused:
        parse(b"<a>" + body + b"</a>")
    assert refused.value.code == "MALFORMED_XML"


def test_hostile_documents_take_little_memory() -> None:
    """All of them twenty times over let a process grow by less than 64 MiB at its peak."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE],
        input=json.dumps([text for text, _ in HOSTILE.values()]),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert int(done.stdout) < MEMORY_GROWS_BYTES_MAX


_MEASURE = """
import json, resource, sys
from adapters.xml import Schemas, XmlRefused
bodies = [text.encode() for text in json.load(sys.stdin)]
schemas = Schemas()
def check(body):
    try:
        schemas.check("{urn:lupu:ticketing:1}PlaceBooking", body)
    except XmlRefused:
        pass
check(b"<a/>")
def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak_bytes()
for _ in range(20):
    for body in bodies:
        check(body)
print(peak_bytes() - before)
"""
