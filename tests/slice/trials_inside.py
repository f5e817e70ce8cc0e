"""Trials of what is refused or fails inside: in the quarantine there, and parked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.sealing.keyring import Keyring
from adapters.sealing.keys import Use
from hub import messages
from hub.envelope import Message
from hub.errors import InvalidBody
from tests.contract.transports import until
from tests.slice.duty import UNREADABLE
from tests.slice.duty_gateway import GATEWAY, VISIT, Gateway

# Where whoever revokes keys has the keyring of all, as seen from where commands are typed.
REVOKED = Path("run/sealing/keyring.json")


def to_an_older_worker(gateway: Gateway, message: Message) -> None:
    """The worker knows an older contract than the hub."""
    gateway.duty.worker_contracts.trouble = InvalidBody("Of a later version.")
    gateway.send(message)


def of_a_newer_type(gateway: Gateway, message: Message) -> None:
    """The worker's map has not this type yet; afterwards it is upgraded."""
    with pytest.MonkeyPatch.context() as older:
        older.delitem(messages._BY_KEY, message.type)
        gateway.brought(message)
        assert until(lambda: gateway.duty.kept() == 1)


def by_another_account(gateway: Gateway, message: Message) -> None:
    """A worker's account sends in the name of an agency."""
    gateway.brought(message, account="ticketing-1")


def without_headers(gateway: Gateway, message: Message) -> None:
    """What an honest hub never sends."""
    gateway.brought(message, headers={})


def to_a_broken_guard(gateway: Gateway, message: Message) -> None:
    """The worker's guard has a mistake."""
    gateway.duty.worker_contracts.trouble = ZeroDivisionError("a mistake of ours")
    gateway.send(message)


def to_a_worker_that_cannot_keep(gateway: Gateway, message: Message) -> None:
    """It cannot even be told which request it is."""
    gateway.duty.worker_contracts.digests = True
    to_a_broken_guard(gateway, message)


def worker_is_upgraded(gateway: Gateway, _message: Message) -> None:
    """Upgrade the worker."""
    gateway.duty.worker_contracts.trouble = None
    gateway.duty.mistaken = False


def to_a_mistake(gateway: Gateway, message: Message) -> None:
    """The handler has a mistake."""
    gateway.duty.mistaken = True
    gateway.send(message)


def on_no_day(gateway: Gateway, message: Message) -> None:
    """A day that the contract takes, and nobody can read."""
    gateway.send(_on_no_day(message))


def sends_no_day_again(gateway: Gateway, message: Message) -> None:
    """Its agency sends again what it sent."""
    gateway.send(_on_no_day(message))


def _on_no_day(message: Message) -> Message:
    return message._replace(body=message.body.replace(f"{VISIT}".encode(), UNREADABLE.encode()))


def signed_with_a_newer_key(gateway: Gateway, message: Message) -> None:
    """Evidence has an older keyring than the hub."""
    keyring = gateway.duty.keys.keyring
    older = Keyring(key for key in keyring if (key.owner, key.use) != (GATEWAY, Use.SIGN))
    older.write(gateway.duty.keyring_of("evidence-1"))
    gateway.send(message)


def newest_keyring(gateway: Gateway, _message: Message) -> None:
    """Bring the newest keyring to evidence."""
    gateway.duty.keys.keyring.write(gateway.duty.keyring_of("evidence-1"))


def signed_with_a_revoked_key(gateway: Gateway, message: Message) -> None:
    """Evidence knows by now that the key is trusted no more."""
    keyring = gateway.duty.keys.keyring
    (key,) = [key for key in keyring if (key.owner, key.use) == (GATEWAY, Use.SIGN)]
    revoked = keyring.revoked(key.key_id, datetime.now(UTC))
    REVOKED.parent.mkdir(parents=True, exist_ok=True)
    for path in (gateway.duty.keyring_of("evidence-1"), REVOKED):
        revoked.write(path)
    gateway.send(message)


def bring_evidence_that_keyring(gateway: Gateway) -> None:
    """Bring evidence, and nobody else, the keyring that was written for it."""
    Path("once.json").replace(gateway.duty.keyring_of("evidence-1"))


def of_another_gateway(gateway: Gateway, message: Message) -> None:
    """The page says that it is of gateway-2."""
    gateway.send(_page_of_another(message))


def sends_that_again(gateway: Gateway, message: Message) -> None:
    """The captured gateway sends it again."""
    gateway.send(_page_of_another(message))


def _page_of_another(message: Message) -> Message:
    return message._replace(body=message.body.replace(b">gateway-1<", b">gateway-2<"))


def at_no_time(gateway: Gateway, message: Message) -> None:
    """The page says that it was made in the thirteenth month."""
    gateway.send(_at_no_time(message))


def sends_no_time_again(gateway: Gateway, message: Message) -> None:
    """The captured gateway sends it again."""
    gateway.send(_at_no_time(message))


def _at_no_time(message: Message) -> Message:
    before, mark, after = message.body.partition(b"MadeAt>")
    return message._replace(body=before + mark + after[:5] + b"13" + after[7:])
