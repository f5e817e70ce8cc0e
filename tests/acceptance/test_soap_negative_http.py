"""Attacks on HTTP itself, through a real HAProxy to a real gateway."""

import gzip
import re
import time
from collections.abc import Iterator

import pytest

from adapters.certificates import CertificateFacts
from tests.acceptance.gateway_edge import Edge, booking, edge, post, received
from tests.servers.brokers import Brokers

RECEIVED = "<Status>RECEIVED</Status>"
FAILED = "<Code>SIGN_IN_FAILED</Code>"


@pytest.fixture(scope="module")
def entrance(brokers: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Offer one entrance to all of these tests."""
    with edge(brokers, tmp_path_factory.mktemp("edge")) as running:
        yield running


def statuses(answer: str) -> list[str]:
    """Return the HTTP statuses in an answer, one for each request that was seen."""
    return re.findall(r"HTTP/1\.1 (\d{3})", answer)


def test_a_booking_is_confirmed_by_the_real_broker(entrance: Edge) -> None:
    """A good request is RECEIVED: by password, by certificate, and by both at once."""
    assert RECEIVED in entrance.send(post(booking("H-1")), quiet_seconds=1)
    client = entrance.client()
    assert RECEIVED in entrance.send(post(booking("H-2", "")), client, quiet_seconds=1)
    assert RECEIVED in entrance.send(post(booking("H-3")), client, quiet_seconds=1)


def spellings() -> list[tuple[str, str]]:
    """Return the names under which a header may try to pass for HAProxy's own."""
    pairs = [("X-Client-Verified", "X-Client-Fingerprint")]
    for old, new in (("-", "_"), ("X-C", "X_C"), ("t-V", "t_V"), ("t-F", "t_F")):
        pairs += [(a.replace(old, new), b.replace(old, new)) for a, b in pairs[:1]]
    return [*pairs, (pairs[0][0].upper(), pairs[0][1].lower())]


@pytest.mark.parametrize("names", spellings(), ids=str)
@pytest.mark.parametrize("who", [None, "1002"], ids=["no certificate", "another's certificate"])
def test_a_certificate_cannot_be_claimed_by_headers(
    entrance: Edge, names: tuple[str, str], who: str | None
) -> None:
    """Headers of the client's own that read like HAProxy's sign nobody in, however spelled."""
    fingerprint = CertificateFacts.read(entrance.client().certificate).fingerprint
    forged = (f"{names[0]}: yes", f"{names[1]}: {fingerprint}")
    client = None if who is None else entrance.client(who)
    answer = entrance.send(post(booking("F-1", ""), *forged), client, quiet_seconds=1)
    assert RECEIVED not in answer
    assert FAILED in answer or statuses(answer) == ["400"]


SMUGGLED = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        (b"Transfer-Encoding: chunked", b"Content-Length: 4"),
        (b"Content-Length: 4", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: xchunked", b"Content-Length: 5"),
        (b"Transfer-Encoding : chunked", b"Content-Length: 5"),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding:\tchunked", b"Content-Length: 5"),
        (b"X: y\nTransfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: 5, 6", b"X: y"),
        (b"Content-Length: +5", b"X: y"),
        (b"Content-Length: 0x5", b"X: y"),
    ],
    ids=lambda pair: b" ".join(pair).decode().replace("\n", "|"),
)
def test_no_request_can_be_smuggled_behind_another(
    entrance: Edge, headers: tuple[bytes, bytes]
) -> None:
    """Two lengths, or a length and chunks: one answer at most, and no second request in it."""
    head = b"POST /soap/ticketing HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
    data = head + b"\r\n".join(headers) + b"\r\n\r\n0\r\n\r\n" + SMUGGLED
    answer = entrance.send(data, quiet_seconds=1)
    assert "UNKNOWN_OPERATION" not in answer
    assert len(statuses(answer)) <= 1 or statuses(answer)[1:] == ["400"]


def test_chunks_are_taken_and_bounded(entrance: Edge) -> None:
    """A chunked request is answered; one beyond the limit is 413 with a fault."""
    body = booking("C-1").encode()
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 100]), body[at : at + 100])
        for at in range(0, len(body), 100)
    )
    chunked = post("", "Transfer-Encoding: chunked", length=False)
    assert RECEIVED in entrance.send(chunked + chunks + b"0\r\n\r\n", quiet_seconds=1)
    endless = chunked + b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = entrance.send(endless + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 5 + b"0\r\n\r\n")
    assert statuses(answer)[0] == "413"
    assert "<Code>TOO_LARGE</Code>" in answer


def test_bad_chunks_and_cut_off_bodies_are_faults_or_closed(entrance: Edge) -> None:
    """A body that is broken on its way is never taken for a whole one."""
    chunked = post("", "Transfer-Encoding: chunked", length=False)
    answer = entrance.send(chunked + b"zz\r\nhello\r\n0\r\n\r\n", quiet_seconds=1)
    assert RECEIVED not in answer
    body = booking("C-2").encode()
    with entrance.connect() as connection:
        connection.sendall(post(body)[:-20])
        connection.unwrap()
    assert RECEIVED in entrance.send(post(booking("C-3")), quiet_seconds=1)


def test_a_large_length_is_refused_without_its_body(entrance: Edge) -> None:
    """A length beyond the limit is answered at once; the client need not send the rest."""
    began = time.monotonic()
    # No more than is read at once: what comes after the answer would find a closed door.
    data = post("", "Content-Length: 50000000", length=False) + b" " * 1_024
    answer = entrance.send(data, quiet_seconds=2)
    assert time.monotonic() - began < 5
    assert statuses(answer) == ["413"]


def test_expect_100_continue_is_answered(entrance: Edge) -> None:
    """.NET's Expect: 100-continue is told to go on, and then answered."""
    data = post(booking("E-1"), "Expect: 100-continue")
    head, _, body = data.partition(b"\r\n\r\n")
    with entrance.connect() as connection:
        connection.sendall(head + b"\r\n\r\n")
        connection.settimeout(5)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert RECEIVED in received(connection, 1)


@pytest.mark.parametrize("method", ["BREW", "PUT", "OPTIONS", "DELETE"])
def test_unknown_methods_are_405(entrance: Edge, method: str) -> None:
    """A method that is none gets a fault with status 405."""
    answer = entrance.send(
        post(booking("M-1")).replace(b"POST", method.encode(), 1), quiet_seconds=1
    )
    assert statuses(answer) == ["405"]
    assert "<Code>METHOD_NOT_ALLOWED</Code>" in answer


def test_gzip_and_keep_alive(entrance: Edge) -> None:
    """A gzip request is read, and two requests on one connection are answered in order."""
    packed = post(gzip.compress(booking("G-1").encode()), "Content-Encoding: gzip")
    answer = entrance.send(packed + post(booking("G-2")), quiet_seconds=1)
    assert statuses(answer) == ["200", "200"]
    assert answer.index("G-1") < answer.index("G-2")


def test_a_header_by_the_drop_is_closed(entrance: Edge) -> None:
    """A header that never ends holds its connection for about ten seconds, no longer."""
    began = time.monotonic()
    with entrance.connect() as connection:
        connection.sendall(b"POST /soap/ticketing HTTP/1.1\r\nHost: localhost\r\n")
        answer = received(connection, 20)
    assert time.monotonic() - began < 15
    assert statuses(answer) in (["408"], [])


def test_bodies_by_the_drop_do_not_keep_others_out(entrance: Edge) -> None:
    """Three hundred bodies that never end leave the gateway answering everybody else."""
    slow = [entrance.connect() for _ in range(300)]
    try:
        for connection in slow:
            connection.sendall(post("", "Content-Length: 1000", length=False) + b"<soap")
        time.sleep(1)
        began = time.monotonic()
        assert RECEIVED in entrance.send(post(booking("S-1")), quiet_seconds=2)
        assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()
