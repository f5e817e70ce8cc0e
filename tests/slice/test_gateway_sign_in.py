"""Who may ask: certificates, passwords, digests, and what is not good enough."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import (
    BY_CERTIFICATE,
    TYPE_12,
    WSSE,
    WSU,
    digest_token,
    envelope,
    envelope_12,
    place_booking,
    text_token,
)
from tests.slice.gateway_world import World, agent, agents_document, gateway, hours_ago

BOOKING = place_booking()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Offer a gateway to each test."""
    with gateway(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("header", "environ", "kind"),
    [
        ("", BY_CERTIFICATE, "certificate"),
        (text_token(), {}, "password"),
        (None, {}, "digest"),
        (text_token(), BY_CERTIFICATE, "certificate+password"),
    ],
    ids=["certificate", "password", "digest", "both"],
)
def test_each_way_of_signing_in_is_taken(
    world: World, header: str | None, environ: dict[str, Any], kind: str
) -> None:
    """A certificate, a password, a digest, or a certificate with a token names the agent."""
    body = envelope(BOOKING, digest_token() if header is None else header)
    assert document(world.post(body, **environ))["Status"] == "DONE"
    (message,) = world.seen
    assert (message.id.sender, message.sign_in) == ("agent:1001", kind)


NAME_ALONE = (
    f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>1001</w:Username>'
    "</w:UsernameToken></w:Security>"
)

REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("", {}),
    "a wrong password": (text_token(password="wrong"), {}),  # noqa: S106
    "an unknown user": (text_token("7777"), {}),
    "an empty password": (text_token(password=""), {}),
    "another agent's password": (text_token(password="correct-horse-1002"), {}),  # noqa: S106
    "the digest secret as a password": (
        text_token(password="digest-secret-of-sixteen-letters-1001"),  # noqa: S106
        {},
    ),
    "a wrong digest": (digest_token(secret="wrong"), {}),  # noqa: S106
    "a digest of an unknown user": (digest_token("7777"), {}),
    "a token of another agent than the certificate": (text_token("1002"), BY_CERTIFICATE),
    "a wrong password beside a certificate": (
        text_token(password="wrong"),  # noqa: S106
        BY_CERTIFICATE,
    ),
    "a certificate nobody has": (
        "", {**BY_CERTIFICATE, "HTTP_X_CLIENT_FINGERPRINT": "cd" * 32}
    ),
    "a certificate not verified": ("", {**BY_CERTIFICATE, "HTTP_X_CLIENT_VERIFIED": "no"}),
    "a certificate verified twice": (
        "", {**BY_CERTIFICATE, "HTTP_X_CLIENT_VERIFIED": "no, yes"}
    ),
    "a fingerprint alone": ("", {"HTTP_X_CLIENT_FINGERPRINT": "ab" * 32}),
    "a name alone": (NAME_ALONE, {}),
    "an empty Security header": (f'<w:Security xmlns:w="{WSSE}"/>', {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_beyond_doubt_is_refused_alike(world: World, name: str) -> None:
    """Every failed sign-in is SIGN_IN_FAILED, and nothing reaches the inside."""
    header, environ = REFUSED[name]
    refused = fault(world.post(envelope(BOOKING, header), **environ))
    assert (refused.element, refused.code) == ("InvalidRequest", "SIGN_IN_FAILED")
    assert refused.fault_code == "FailedAuthentication"
    assert world.seen == []


def test_unknown_user_and_wrong_password_read_and_take_the_same(world: World) -> None:
    """Neither the words nor the time tell whether an agent exists."""
    wrong = envelope(BOOKING, text_token(password="wrong"))  # noqa: S106
    unknown = envelope(BOOKING, text_token("7777"))
    assert world.post(wrong).body == world.post(unknown).body
    times: dict[str, list[float]] = {wrong: [], unknown: []}
    for _ in range(300):
        for body, taken in times.items():
            began = time.perf_counter()
            world.post(body)
            taken.append(time.perf_counter() - began)
    medians = [statistics.median(taken) for taken in times.values()]
    assert abs(medians[0] - medians[1]) < 0.15 * min(medians)


def test_a_blocked_agent_is_refused_within_the_edition(world: World) -> None:
    """An agent who is blocked is refused by certificate and password, as soon as published."""
    body = envelope(BOOKING)
    assert document(world.post(body))["Status"] == "DONE"
    world.publish("Agents", agents_document(agent(Status="BLOCKED"), version=2))
    assert fault(world.post(body)).code == "SIGN_IN_FAILED"
    assert fault(world.post(envelope(BOOKING, ""), **BY_CERTIFICATE)).code == "SIGN_IN_FAILED"
    assert fault(world.post(envelope(BOOKING, digest_token()))).code == "SIGN_IN_FAILED"


def test_a_certificate_that_two_agents_claim_names_nobody(world: World) -> None:
    """A mistake in the agents' data lets nobody in as somebody else."""
    document_ = agents_document(
        agent(), agent("1002", CertificateFingerprint=["ab" * 32]), version=2
    )
    world.publish("Agents", document_)
    assert fault(world.post(envelope(BOOKING, ""), **BY_CERTIFICATE)).code == "SIGN_IN_FAILED"


def test_a_digest_counts_once(world: World) -> None:
    """The same nonce again is SIGN_IN_REPLAYED."""
    body = envelope(BOOKING, digest_token())
    assert document(world.post(body))["Status"] == "DONE"
    assert fault(world.post(body)).code == "SIGN_IN_REPLAYED"


@pytest.mark.parametrize("created", ["2010-05-01T00:00:00Z", "2099-01-01T00:00:00Z", "never"])
def test_a_digest_out_of_its_time_is_refused(world: World, created: str) -> None:
    """A digest made long ago, in the future or at no time is MESSAGE_EXPIRED."""
    refused = fault(world.post(envelope(BOOKING, digest_token(created=created))))
    assert refused.code == "MESSAGE_EXPIRED"


def test_an_expired_timestamp_is_refused(world: World) -> None:
    """A message whose Timestamp has ended is refused, whatever its password."""
    stamp = (
        f'<u:Timestamp xmlns:u="{WSU}"><u:Created>2010-05-01T00:00:00Z</u:Created>'
        "<u:Expires>2010-05-01T00:05:00Z</u:Expires></u:Timestamp></wsse:Security>"
    )
    header = text_token().replace("</wsse:Security>", stamp)
    refused = fault(world.post(envelope_12(BOOKING, header), **TYPE_12))
    assert refused.code == "MESSAGE_EXPIRED"


def test_an_agent_who_asks_too_often_is_told_when_to_come_again(world: World) -> None:
    """Above the agreed rate the answer is TOO_MANY_REQUESTS; other agents are not touched."""
    world.publish(
        "Agents", agents_document(agent(RequestsPerSecondMax=1), agent("1002"), version=2)
    )
    codes = [world.post(envelope(BOOKING)).status for _ in range(3)]
    assert codes == [200, 200, 500]
    refused = fault(world.post(envelope(BOOKING)))
    assert (refused.element, refused.code) == ("NotAccepted", "TOO_MANY_REQUESTS")
    assert refused.values["RetryAfterSeconds"] == 1
    assert world.post(envelope(BOOKING, text_token("1002"))).status == 200


def test_stale_credentials_let_nobody_in(tmp_path: Path) -> None:
    """Agents published longer ago than the setting allows sign nobody in."""
    with gateway(tmp_path, credentials_age_seconds_max=3_600) as world:
        world.publish("Agents", agents_document(agent(), version=2, at=hours_ago(0.9)))
        assert document(world.post(envelope(BOOKING)))["Status"] == "DONE"
        world.publish("Agents", agents_document(agent(), version=3, at=hours_ago(1.1)))
        refused = fault(world.post(envelope(BOOKING)))
    assert (refused.element, refused.code) == ("NotAccepted", "CREDENTIALS_STALE")


def test_a_gateway_that_knows_no_agents_is_not_ready(tmp_path: Path) -> None:
    """Started without a snapshot it signs nobody in and is not ready for HAProxy."""
    with gateway(tmp_path, two_agents=False) as world:
        assert fault(world.post(envelope(BOOKING))).code == "CREDENTIALS_STALE"
        health = world.open("GET", "/health")
        assert (health.status, b'"not ready"' in health.body) == (503, True)
