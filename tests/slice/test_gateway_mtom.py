"""MTOM packages: read, answered in kind, bounded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slice.gateway_requests import SOAP_12, envelope, envelope_12, place_booking
from tests.slice.gateway_world import World, gateway

BOUNDARY = "b-o-u-n-d"
TYPE = (
    f'multipart/related; type="application/xop+xml"; boundary="{BOUNDARY}"; '
    'start-info="application/soap+xml"'
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Offer a gateway to each test."""
    with gateway(tmp_path) as running:
        yield running


def package(*parts: str, boundary: str = BOUNDARY) -> str:
    """Return a multipart body."""
    kind = 'Content-Type: application/xop+xml; charset=utf-8; type="application/soap+xml"'
    inner = "".join(f"--{boundary}\r\n{kind}\r\n\r\n{part}\r\n" for part in parts)
    return f"{inner}--{boundary}--\r\n"


def test_a_package_is_read_and_answered_by_a_package(world: World) -> None:
    """.NET wants MTOM back: the answer is a package too, with the same SOAP version."""
    answer = world.post(package(envelope_12(place_booking())), CONTENT_TYPE=TYPE)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("multipart/related")
    assert SOAP_12 in answer.text
    assert "<Status>DONE</Status>" in answer.text


def _nested(depth: int) -> str:
    body = "x"
    for level in range(depth):
        head = f'--{BOUNDARY}{level}\r\nContent-Type: multipart/mixed; boundary="{BOUNDARY}'
        body = f'{head}{level - 1}"\r\n\r\n{body}\r\n'
    return body.replace(f"{BOUNDARY}{depth - 1}\r\n", f"{BOUNDARY}\r\n")


BAD = {
    "no parts": "",
    "no end": package(envelope_12(place_booking()))[:-8][:100],
    "forty parts": package(*[envelope_12(place_booking())] * 40),
    "nested": _nested(2_000),
    "many boundaries": f"--{BOUNDARY}\r\n\r\n" * 14_000,
    "many headers": f"--{BOUNDARY}\r\n" + "A: b\r\n" * 40_000 + "\r\n",
    "a part that is missing": package(
        envelope_12(
            place_booking(
                name='<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:no"/>'
            )
        )
    ),
    "SOAP 1.1 inside 1.2": package(envelope(place_booking())),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_package_is_refused(world: World, name: str) -> None:
    """A package that is none, or too much of one, is a fault and no failure of ours."""
    answer = world.post(BAD[name], CONTENT_TYPE=TYPE)
    assert "InvalidRequest" in answer.text
    assert world.seen == []
