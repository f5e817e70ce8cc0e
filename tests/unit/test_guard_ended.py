"""What was accepted is judged by what was good then, however late the hub comes to it."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.admission import GRACE
from hub.envelope import Message
from hub.errors import (
    AgentBlocked,
    AgentsOlder,
    NeverWorks,
    NotSigned,
    ProofWrong,
    UnknownAgent,
)
from tests.unit.agents_world import (
    BLOCKED,
    BLOCKED_AT,
    MIXED,
    STRANGERS,
    World,
    edition,
    fingerprint,
    place,
    proof,
    request,
)
from tests.unit.soap_signing import NOW, signer

MINUTE = timedelta(minutes=1)
LATE = GRACE + MINUTE


def signed(**changes: Any) -> Message:
    """Return a request with its proof."""
    return request(place(), **{"proof": proof(place()), **changes})


def test_an_agent_only_signs_once_its_last_password_has_ended() -> None:
    """What it had before its password ended still passes; what is accepted later does not."""
    password = {"Salt": "00", "Verifier": "00", "NotAfter": NOW}
    world = World()
    assert world.snapshot.offer(edition(2, Password=[password]))
    world.clock.move(hours=1)
    world.check(request(place(), accepted_at=NOW - MINUTE))
    with pytest.raises(NotSigned):
        world.check(request(place(), accepted_at=NOW + LATE))


def test_what_was_accepted_by_a_password_before_an_agent_only_signed_still_passes() -> None:
    """Its passwords have gone from the edition; until when they were good has not."""
    world = World()
    assert world.snapshot.offer(edition(2, UnsignedUntil=NOW))
    world.clock.move(hours=24)
    world.check(request(place(), accepted_at=NOW - MINUTE))
    with pytest.raises(NotSigned):
        world.check(request(place(), accepted_at=NOW + LATE))


def test_who_has_nothing_to_be_let_in_with_sends_nothing() -> None:
    """A gateway that was broken into cannot speak for an agent between two certificates."""
    world = World()
    assert world.snapshot.offer(edition(2, SignatureFingerprint=[]))
    with pytest.raises(NotSigned):
        world.check(request(place()))


def test_what_was_signed_before_a_certificate_ended_still_passes() -> None:
    """A renewal quarantines nothing that waited; what is accepted later is refused."""
    ended = [{"Fingerprint": fingerprint(signer()), "EndedAt": NOW}]
    world, late = World(), NOW + LATE
    new: dict[str, Any] = {
        "SignatureFingerprint": [fingerprint(STRANGERS)],
        "EndedSignature": ended,
    }
    assert world.snapshot.offer(edition(2, **new))
    world.clock.move(hours=24)
    assert world.check(signed()) == signed()
    with pytest.raises(ProofWrong, match="not this agent's"):
        world.check(signed(proof=proof(place(), created=late), accepted_at=late))
    with pytest.raises(ProofWrong, match="not this agent's"):
        world.check(signed(number=MIXED))


def test_what_was_accepted_before_a_block_still_passes() -> None:
    """Accepted is accepted, however late the hub comes to it."""
    before = request(place(), BLOCKED, accepted_at=BLOCKED_AT - MINUTE)
    assert World().check(before) == before


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (request(place(), "9999"), UnknownAgent),
        (request(place(), BLOCKED), AgentBlocked),
        (request(place()), NotSigned),
        (signed(proof=proof(place(), STRANGERS)), ProofWrong),
    ],
)
def test_what_a_newer_edition_may_let_through_is_not_refused_by_an_older(
    message: Message, refusal: type[NeverWorks]
) -> None:
    """Added, unblocked, renewed a moment ago: the gateway may know it before the hub does."""
    world = World()
    assert world.snapshot.offer(edition(2, at=NOW - MINUTE))
    with pytest.raises(AgentsOlder) as older:
        world.check(message)
    assert type(older.value.refusal) is refusal
    assert world.snapshot.offer(edition(3, at=NOW))
    with pytest.raises(refusal):
        world.check(message)


def test_what_is_wrong_by_itself_is_refused_at_once() -> None:
    """No edition lets through what was altered."""
    world = World()
    assert world.snapshot.offer(edition(2, at=NOW - MINUTE))
    with pytest.raises(ProofWrong, match="other values"):
        world.check(signed()._replace(body=place(quantity=9).encode()))
