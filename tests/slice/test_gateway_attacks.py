"""Attacks on the parser and on what follows it, each with its limit in time and memory."""

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slice.gateway_answers import fault
from tests.slice.gateway_requests import (
    TYPE_12,
    WSSE,
    envelope,
    envelope_12,
    place_booking,
    text_token,
)
from tests.slice.gateway_world import PASSWORD, World, gateway

SECONDS_MAX = 1.0
GROWTH_KIB_MAX = 48 * 1_024
MARK = "<b onclick=\"alert('x')\">&amp;]]&gt;"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Offer one gateway to every attack: none may harm the next."""
    with gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def dtd(inner: str, use: str = "") -> bytes:
    """Return an envelope with a document type of its own."""
    body = envelope(place_booking(name=use or "A"))
    return body.replace("?>", f"?><!DOCTYPE soap:Envelope [{inner}]>", 1).encode()


def _laughs() -> bytes:
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return dtd(f'<!ENTITY l0 "lol">{lols}', "&l9;")


FILE = "<!ENTITY x SYSTEM 'file:///etc/passwd'>"
DEEP = 5_000
FULL = 240_000

ATTACKS: dict[str, tuple[bytes, str]] = {
    "billion laughs": (_laughs(), "DTD_FORBIDDEN MALFORMED_XML"),
    "quadratic blow-up": (
        dtd(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 20_000), "DTD_FORBIDDEN MALFORMED_XML"
    ),
    "a file as an entity": (dtd(FILE, "&x;"), "DTD_FORBIDDEN"),
    "a file in an attribute's default": (
        dtd(f"{FILE}<!ATTLIST a b CDATA '&x;'>"), "DTD_FORBIDDEN MALFORMED_XML"
    ),
    "an address as an entity": (
        dtd("<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>", "&x;"), "DTD_FORBIDDEN"
    ),
    "a parameter entity": (
        dtd("<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;"), "DTD_FORBIDDEN MALFORMED_XML"
    ),
    "an external DTD": (
        envelope(place_booking())
        .replace("?>", "?><!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'>", 1)
        .encode(),
        "DTD_FORBIDDEN",
    ),
    "an entity nobody declared": (envelope(place_booking(name="&x;")).encode(), "MALFORMED_XML"),
    "XInclude": (
        envelope(
            '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
        ).encode(),
        "UNKNOWN_OPERATION",
    ),
    "a style sheet": (
        envelope(place_booking())
        .replace("?>", "?><?xml-stylesheet href='file:///etc/passwd'?>", 1)
        .encode(),
        "MALFORMED_XML",
    ),
    "depth": (envelope("<a>" * DEEP + "</a>" * DEEP).encode(), "MALFORMED_XML"),
    "many attributes": (
        envelope("<a " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>").encode(),
        "UNKNOWN_OPERATION",
    ),
    "many namespaces": (
        envelope("<a " + " ".join(f'xmlns:n{n}="u"' for n in range(12_000)) + "/>").encode(),
        "UNKNOWN_OPERATION",
    ),
    "an attribute twice": (envelope("<a b='1' b='2'/>").encode(), "MALFORMED_XML"),
    "many elements": (envelope("<b/>" * (FULL // 4)).encode(), "MALFORMED_XML"),
    "a long name": (envelope(f"<{'a' * FULL}/>").encode(), "MALFORMED_XML"),
    "a long attribute": (envelope(f"<a b='{'c' * FULL}'/>").encode(), "UNKNOWN_OPERATION"),
    "many lines": (
        envelope(
            place_booking().replace(
                "</t:Lines>", "<t:Line><t:Day>2010-05-05</t:Day></t:Line>" * 4_000 + "</t:Lines>"
            )
        ).encode(),
        "SCHEMA_INVALID",
    ),
    "a long quantity": (envelope(place_booking(quantity="9" * FULL)).encode(), "SCHEMA_INVALID"),
    "a NUL": (envelope(place_booking(name="a\0b")).encode(), "MALFORMED_XML"),
    "a control character": (envelope(place_booking(name="&#1;")).encode(), "MALFORMED_XML"),
    "overlong UTF-8": (
        envelope(place_booking(name="@@")).encode().replace(b"@@", b"\xc0\xaf"), "MALFORMED_XML"
    ),
    "a surrogate": (
        envelope(place_booking(name="@@@")).encode().replace(b"@@@", b"\xed\xa0\x80"),
        "MALFORMED_XML",
    ),
    "a schema elsewhere": (
        envelope(
            '<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
            'i:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"/>'
        ).encode(),
        "UNKNOWN_OPERATION",
    ),
    "many tokens": (
        envelope(place_booking(), text_token() + text_token() * 300).encode(), "MALFORMED_XML"
    ),
    "a long password": (
        envelope(place_booking(), text_token(password="p" * FULL)).encode(), "SIGN_IN_FAILED"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_quickly(world: World, name: str) -> None:
    """Refused by its code within a second, and nothing of it reaches the inside."""
    body, codes = ATTACKS[name]
    before = len(world.seen)
    began = time.process_time()
    answer = world.post(body[:262_144], CONTENT_TYPE="text/xml")
    assert time.process_time() - began < SECONDS_MAX
    assert fault(answer).code in codes.split()
    assert b"root:" not in answer.body
    assert len(answer.body) < 4_000
    assert len(world.seen) == before


@pytest.mark.parametrize(
    "encoding", ["UTF-7", "HZ-GB-2312", "ISO-2022-JP", "IBM037", "UTF-32", "KOI8-R", "x" * 200]
)
def test_an_odd_encoding_is_refused(world: World, encoding: str) -> None:
    """What would be read another way by somebody else is not read at all."""
    body = envelope(place_booking()).replace("UTF-8", encoding).encode()
    refused = fault(world.post(body, CONTENT_TYPE="text/xml"))
    assert refused.code in ("ENCODING_UNSUPPORTED", "MALFORMED_XML")


@pytest.mark.parametrize(
    "body",
    [
        envelope(place_booking(quantity=MARK.replace("<", "&lt;").replace("&amp;", "&#38;"))),
        envelope(f'<x:evil xmlns:x="urn:{"&lt;script&gt;"}"/>'),
        envelope(place_booking(), text_token("&lt;script&gt;")),
        envelope(place_booking(), text_token() + '<a xmlns="urn:&lt;script&gt;&quot;" '
                 'soap:mustUnderstand="1"/>'),
        envelope(place_booking()).replace("</soap:Envelope>", "</script>"),
    ],
    ids=["value", "element", "user", "header", "end tag"],
)  # fmt: skip
def test_nothing_of_the_request_comes_back_unescaped(world: World, body: str) -> None:
    """The answer is well-formed, of a type no browser runs, and holds no markup of the request."""
    for sent, headers in ((body, {}), (body.replace(*_TO_12), TYPE_12)):
        answer = world.post(sent, **headers)
        fault(answer)
        assert b"<script" not in answer.body
        assert b'onclick="' not in answer.body
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


_TO_12 = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")


def test_no_secret_and_no_name_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """One line a request, without the password, the passenger or the telephone."""
    with caplog.at_level(logging.DEBUG):
        world.post(envelope(place_booking("LOG-1", name="Ouyang Xiuying")))
        world.post(envelope(place_booking(quantity="Ouyang Xiuying")))
        world.post(envelope(place_booking(), text_token(password="Ouyang-Xiuying")))  # noqa: S106
    said = "".join(str(record.__dict__) for record in caplog.records)
    assert "Xiuying" not in said
    assert PASSWORD not in said
    assert "5555 0101" not in said
    answered = [record for record in caplog.records if record.message == "gateway.answered"]
    assert len(answered) == 3
    facts = answered[0].__dict__
    assert facts["request"] == "agent:1001/PlaceBooking/LOG-1"
    assert facts["code"] == "DONE"
    assert {"read_ms", "parsed_ms", "signed_in_ms", "checked_ms", "asked_ms", "ms"} <= set(facts)


def resident_kib() -> int:
    """Return this process's resident memory."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError


def test_memory_stays_flat_under_a_flood_of_refused_requests(world: World) -> None:
    """40 MB of element names nobody has used before, refused on four threads, leave little."""
    world.post(envelope("<warm/>"))

    def flood(thread: int) -> None:
        for turn in range(100):
            names = "".join(f"<n{thread}-{turn}-{n}/>" for n in range(8_000))
            world.post(envelope(names))

    def run() -> None:
        threads = [threading.Thread(target=flood, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        # Looked at while the threads live: what they keep goes with them.
        for thread in threads:
            thread.join()

    before = resident_kib()
    run()
    assert resident_kib() - before < GROWTH_KIB_MAX


def test_twelve_security_headers_do_not_confuse(world: World) -> None:
    """More than one Security header for this gateway is refused, not chosen from."""
    empty = f'<w:Security xmlns:w="{WSSE}"/>'
    refused = fault(world.post(envelope_12(place_booking(), text_token() + empty * 11), **TYPE_12))
    assert refused.element == "InvalidRequest"
