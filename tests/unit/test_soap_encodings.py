"""Character encodings of SOAP requests: what counts, and what is not read."""

import codecs

import pytest

from tests.unit.soap_messages import ASKED, XML_11, envelope, read, refused

NAME = "Zo\u00eb"
NAMED = ASKED.replace("ABC-DEF-1", NAME)


def _declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{envelope(NAMED)}'


def _name(body: bytes, content_type: str) -> str | None:
    return read(body, content_type).element[0].text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (envelope(NAMED).encode(), "text/xml"),
        (codecs.BOM_UTF8 + envelope(NAMED).encode(), "text/xml"),
        (codecs.BOM_UTF8 + _declared("utf-8").encode(), XML_11),
        (_declared("ISO-8859-1").encode("latin-1"), "text/xml"),
        (_declared("latin1").encode("latin-1"), "text/xml"),
        (_declared("UTF-16").encode("utf-16"), "text/xml"),
        (_declared("UTF-16").encode("utf-16"), "text/xml; charset=utf-16"),
        (codecs.BOM_UTF16_BE + envelope(NAMED).encode("utf-16-be"), "text/xml"),
        (envelope(NAMED).encode("utf-16-be"), "text/xml; charset=utf-16"),
        (envelope(NAMED).encode("utf-16-le"), "text/xml; charset=utf-16le"),
        (envelope(NAMED).encode("latin-1"), "text/xml; charset=iso-8859-1"),
    ],
)
def test_reads_the_encodings_in_use(body: bytes, content_type: str) -> None:
    """UTF-8, UTF-16 and Latin-1 are read, declared, marked or named by the header."""
    assert _name(body, content_type) == NAME


def test_header_goes_before_the_declaration() -> None:
    """RFC 7303: the charset of the header counts, whatever the document declares."""
    lying = _declared("UTF-8").encode("latin-1")
    assert _name(lying, "text/xml; charset=iso-8859-1") == NAME
    assert refused(lying, "text/xml").code == "MALFORMED_XML"
    assert refused(_declared("ISO-8859-1").encode("latin-1"), XML_11).code == "MALFORMED_XML"


def test_mark_goes_before_the_header() -> None:
    """RFC 7303: a byte order mark counts more than the charset of the header."""
    marked = codecs.BOM_UTF8 + envelope(NAMED).encode()
    assert _name(marked, "text/xml; charset=iso-8859-1") == NAME


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (_declared("UTF-7").encode("ascii", "ignore"), "text/xml"),
        (_declared("HZ").encode("ascii", "ignore"), "text/xml"),
        (_declared("ISO-2022-JP").encode("ascii", "ignore"), "text/xml"),
        (_declared("windows-1252").encode("cp1252"), "text/xml"),
        (_declared("no-such").encode(), "text/xml"),
        (envelope(NAMED).encode("utf-7"), "text/xml; charset=utf-7"),
        (envelope(NAMED).encode("gb18030"), "text/xml; charset=gb18030"),
    ],
)
def test_refuses_other_encodings(body: bytes, content_type: str) -> None:
    """What iconv knows and nobody here needs is refused by name."""
    assert refused(body, content_type).code == "ENCODING_UNSUPPORTED"


@pytest.mark.parametrize(
    "body",
    [
        envelope(ASKED.replace("ABC", "\x00")).encode(),
        envelope(ASKED.replace("ABC", "&#1;")).encode(),
        envelope(ASKED).encode().replace(b"ABC", b"\xc0\xaf"),
        envelope(ASKED).encode().replace(b"ABC", b"\xed\xa0\x80"),
        envelope(ASKED).encode("utf-16")[:-1],
        b"\x4c\xa7\x94\x93" + envelope(ASKED).encode("cp500"),
    ],
)
def test_refuses_broken_characters(body: bytes) -> None:
    """Overlong forms, surrogates, NUL, control characters and EBCDIC are refused."""
    assert refused(body, "text/xml").code in {"MALFORMED_XML", "ENCODING_UNSUPPORTED"}


def test_reads_characters_of_four_bytes() -> None:
    """A name beyond the basic plane arrives whole."""
    body = envelope(ASKED.replace("ABC-DEF-1", "\U00020bb7\u91ce")).encode()
    assert _name(body, XML_11) == "\U00020bb7\u91ce"
