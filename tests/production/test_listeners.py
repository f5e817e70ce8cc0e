"""Nobody gets in with a certificate, a protocol or a cipher that is not good, at any listener."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.amqp.ping import look
from certs.authority import Authority, Issued, Purpose
from deploy.local.ports import LOOPBACK
from hub.places import Places
from hub.settings import Metrics
from tests.acceptance.gateway_edge import Edge, booking, edge, post, received
from tests.production.matrix import Matrix
from tests.production.sides import Side
from tests.servers.brokers import Brokers
from tests.servers.forged import DAY, Fault, forged, revoked, serial, showing
from tests.servers.promises import Shows

NOTHING = Places()
FAULTS = {
    "expired": Fault(Purpose.CLIENT, begins=-2 * DAY, ends=-DAY),
    "not yet valid": Fault(Purpose.CLIENT, begins=DAY, ends=2 * DAY),
    "wrong purpose": Fault(Purpose.SERVER),
    "self-signed": Fault(Purpose.CLIENT, self_signed=True),
}
# What HAProxy says to each.
TOLD = {
    "revoked": "was revoked",
    "expired": "has expired",
    "not yet valid": "is not valid yet",
    "wrong purpose": "is not meant for clients",
    "self-signed": "is not from this system's authority",
    "other authority": "is not from this system's authority",
}
# Why our own clients break off.
BROKEN_OFF = {
    "revoked": "certificate revoked",
    "expired": "certificate has expired",
    "not yet valid": "not yet valid",
    "wrong purpose": "unsuitable certificate purpose",
    "self-signed": "self-signed certificate",
    "other authority": "unable to get local issuer certificate",
    "wrong name": "certificate is not valid for 'localhost'",
}


def _refusal(side: Side, shown: Issued, name: str = "") -> str:
    """Dial with a certificate; return why it is refused, nothing if it is not."""
    dialled = replace(side.broker, certificate=shown.certificate, key=shown.key)
    (found,) = look(dialled, name or side.name, NOTHING)
    return "" if found.fine else found.sentence


def _bad(
    folder: Path, name: str, own: Authority, other: Authority
) -> Iterator[tuple[str, Issued]]:
    """Yield every certificate of ``name`` that must not be let in, by what is wrong with it."""
    for fault, how in FAULTS.items():
        yield fault, forged(folder / fault, name, own, how)
    yield "other authority", forged(folder / "other", name, other, Fault(Purpose.CLIENT))


@pytest.mark.promise(2)
def test_a_broker_lets_nobody_in_whose_certificate_is_not_good(
    side: Side, tmp_path: Path, matrix: Matrix, shows: Shows
) -> None:
    """Expired, not yet valid, of another purpose, signed by itself or by another, or not ours."""
    name, where = side.name, f"{side.authority.side} broker"
    control = forged(tmp_path / "good", name, side.authority, Fault(Purpose.CLIENT))
    assert _refusal(side, control) == ""
    for fault, shown in _bad(tmp_path, name, side.authority, side.other):
        said = _refusal(side, shown)
        assert said, fault
        matrix.note(where, fault, _why(said))
    stranger = forged(tmp_path / "stranger", "stranger-1", side.authority, Fault(Purpose.CLIENT))
    said = _refusal(side, stranger, "stranger-1")
    assert "has it an account" in said
    matrix.note(where, "wrong name", _why(said))
    assert _refusal(side, control) == ""
    shows(refused_at=where, certificates=len(FAULTS) + 2, let_in=0)


@pytest.mark.promise(2)
def test_a_broker_lets_a_revoked_one_in_no_more_from_the_moment_its_list_is_there(
    side: Side, tmp_path: Path, matrix: Matrix, shows: Shows
) -> None:
    """The same certificate a moment before and after; others of that name are let in."""
    name, authority = side.name, side.authority
    stolen = revoked(authority, name, Purpose.CLIENT, tmp_path)
    assert _refusal(side, stolen) == ""
    authority.revoke(name, "key-compromise", serial(stolen))
    said = _refusal(side, stolen)
    assert said
    matrix.note(f"{authority.side} broker", "revoked", _why(said))
    fresh = authority.issued(name)
    assert _refusal(side, fresh) == ""
    shows(refused_at=f"{authority.side} broker", revoked=1, let_in=0)


def _why(said: str) -> str:
    """Return the part of a sentence in which TLS, or the broker, says why."""
    if "ConnectionReset" in said:
        return "cut off"
    found = re.search(r"alert [a-z ]+|ACCESS_REFUSED|[Pp]robableAuth\w+|EOF", said)
    return found[0] if found else said[:60]


@pytest.fixture(scope="module")
def entrance(
    brokers: Brokers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Edge, dict[str, Issued]]]:
    """Offer the agents' entrance, a gateway behind it, and certificates not to be let in."""
    folder, own = tmp_path_factory.mktemp("entrance"), brokers.authorities.agents
    bad = dict(_bad(folder, "1001", own, brokers.authorities.outside))
    bad["revoked"] = revoked(own, "1001", Purpose.CLIENT, folder / "revoked")
    own.revoke("1001", "key-compromise", serial(bad["revoked"]))
    with edge(brokers, folder / "edge") as running:
        yield running, bad


@pytest.mark.promise(2)
def test_an_agency_is_not_signed_in_by_a_certificate_that_is_not_good_and_is_told_why(
    entrance: tuple[Edge, dict[str, Issued]], matrix: Matrix, shows: Shows
) -> None:
    """HAProxy answers with a fault in both languages; the gateway never hears of it."""
    running, bad = entrance
    assert "<Status>RECEIVED</Status>" in running.send(post(booking("G-1")), running.client())
    for fault, shown in bad.items():
        answer = running.send(post(booking(f"B-{fault}")), shown)
        assert answer.startswith("HTTP/1.1 403"), (fault, answer)
        assert TOLD[fault] in answer
        assert "<SentenceZh>客户端证书" in answer
        matrix.note("agents' entrance", fault, f"403, {TOLD[fault]}")
    unknown = forged(
        Path(running.config).parent / "x",
        "9999",
        running.authorities.agents,
        Fault(Purpose.CLIENT),
    )
    answer = running.send(post(booking("B-name")), unknown)
    assert "SIGN_IN_FAILED" in answer
    matrix.note("agents' entrance", "wrong name", "SIGN_IN_FAILED")
    assert "<Status>RECEIVED</Status>" in running.send(post(booking("G-2")), running.client())
    shows(refused_at="agents' entrance", certificates=len(bad) + 1, let_in=0)


@pytest.mark.promise(2)
def test_a_session_cannot_be_taken_up_again_without_its_certificate_being_looked_at(
    entrance: tuple[Edge, dict[str, Issued]], shows: Shows
) -> None:
    """Who was let in once gets no ticket that outlives its certificate."""
    running, _ = entrance
    client = running.client()
    context = ssl.create_default_context(cafile=str(running.authorities.edge.certificate))
    context.load_cert_chain(client.certificate, client.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    sessions: list[ssl.SSLSession | None] = [None]
    for _ in range(3):
        plain = socket.create_connection((LOOPBACK, running.port), timeout=10)
        with closing(
            context.wrap_socket(plain, server_hostname="localhost", session=sessions[-1])
        ) as tls:
            tls.sendall(post(booking("S-1")))
            received(tls, 1)
            assert not tls.session_reused
            sessions.append(tls.session)
    shows(tried_to_resume=2, resumed=0)


def _dialled(side: Side, port: int) -> str:
    dialled = replace(side.broker, port=port, name="localhost", crl=side.authority.crl)
    (found,) = look(dialled, "x", NOTHING)
    assert not found.fine
    return found.sentence


@pytest.mark.promise(2)
def test_our_own_clients_speak_to_no_broker_whose_certificate_is_not_good(
    side: Side, tmp_path: Path, matrix: Matrix, shows: Shows
) -> None:
    """Each fault of a server's certificate ends the handshake, and the sentence says which."""
    own, where = side.authority, f"dials {side.authority.side}"
    servers = {
        fault: forged(tmp_path / fault, "broker", own, replace(how, purpose=_reverse(how.purpose)))
        for fault, how in FAULTS.items()
    }
    good = Fault(Purpose.SERVER)
    servers["other authority"] = forged(tmp_path / "other", "broker", side.other, good)
    elsewhere = replace(good, addresses=("elsewhere.example",))
    servers["wrong name"] = forged(tmp_path / "name", "broker", own, elsewhere)
    servers["revoked"] = revoked(own, "broker-9", Purpose.SERVER, tmp_path / "revoked")
    with showing(servers["revoked"]) as port:
        assert "verify failed" not in _dialled(side, port)
    own.revoke("broker-9", "key-compromise", serial(servers["revoked"]))
    for fault, shown in servers.items():
        with showing(shown) as port:
            said = _dialled(side, port)
        assert BROKEN_OFF[fault] in said, (fault, said)
        matrix.note(where, fault, BROKEN_OFF[fault])
    control = forged(tmp_path / "good", "broker", own, good)
    with showing(control, ssl.TLSVersion.TLSv1_1) as port:
        assert "alert" in _dialled(side, port)
    matrix.note(where, "TLS 1.1", "broken off")
    with showing(control) as port:
        assert "verify failed" not in _dialled(side, port)
    shows(broken_off_at=where, certificates=len(servers), spoken_to=0)


def _reverse(purpose: Purpose) -> Purpose:
    return Purpose.SERVER if purpose is Purpose.CLIENT else Purpose.CLIENT


def test_metrics_are_on_loopback_unless_somebody_says_otherwise() -> None:
    """They have no certificate, so nobody else may reach them."""
    assert Metrics().host == LOOPBACK
