"""Trials of what the hub's guard refuses."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.links import MemoryPublisher
from adapters.quarantine import QueueQuarantine
from adapters.sealing.keyring import Keyring
from adapters.sealing.keys import Use, new_key, write_key
from hub import messages
from hub.envelope import ACCEPTED_AT, Message, RequestId, to_wire
from hub.errors import InvalidBody
from hub.guard import BODY_BYTES_MAX
from internal_apps.ticketing.agents import SIGNATURE, Agents, NewAgent
from tests.contract.transports import until
from tests.slice.duty import WrongClock
from tests.slice.duty_gateway import GATEWAY, SIGNER, Gateway, signed
from tests.unit.soap_signing import signer

HOUR = timedelta(hours=1)
FINGERPRINT = hashlib.sha256(SIGNER.der).hexdigest()
ANOTHER = signer(starts=datetime.now(UTC), days=5)
RATE = 1_000_000


def _new_agent(gateway: Gateway, number: str, rate: int = RATE) -> Agents:
    agents = Agents(gateway.duty.database, WrongClock())
    new = NewAgent(number, "Night", "夜", "AGENCY", requests_per_second=rate)
    gateway.duty.agents_are_known(lambda: agents.add(new))
    return agents


def _agency(message: Message) -> str:
    return message.id.sender.partition(":")[2]


def without_a_time(gateway: Gateway, message: Message) -> None:
    """A header is missing under the seal."""
    wire = to_wire(message, account=GATEWAY)
    headers = {name: text for name, text in wire.headers.items() if name != ACCEPTED_AT}
    gateway.publish(gateway.duty.keys.seal(wire._replace(headers=headers)))


def to_an_older_hub(gateway: Gateway, message: Message) -> None:
    """The hub's map has not this type yet; afterwards it is upgraded."""
    with pytest.MonkeyPatch.context() as older:
        older.delitem(messages._BY_KEY, message.type)
        gateway.send(message)
        assert until(lambda: gateway.duty.kept() == 1)


def of_no_type(gateway: Gateway, message: Message) -> None:
    """No map has such a type."""
    gateway.send(message._replace(type="Explode.1"))


def too_large(gateway: Gateway, message: Message) -> None:
    """Larger than any gateway takes."""
    gateway.send(message._replace(body=message.body + b" " * BODY_BYTES_MAX))


def to_older_contracts(gateway: Gateway, message: Message) -> None:
    """The hub knows an older contract."""
    gateway.duty.hub_contracts.trouble = InvalidBody("A kind that this version does not know.")
    gateway.send(message)


def to_a_broken_guard(gateway: Gateway, message: Message) -> None:
    """The guard has a mistake."""
    gateway.duty.hub_contracts.trouble = ZeroDivisionError("a mistake of ours")
    gateway.send(message)


def hub_is_upgraded(gateway: Gateway, _message: Message) -> None:
    """Upgrade the hub."""
    gateway.duty.hub_contracts.trouble = None


def of_a_wrong_kind(gateway: Gateway, message: Message) -> None:
    """Somebody typed it into what a gateway sends."""
    gateway.send(message._replace(body=message.body.replace(b"INDIVIDUAL", b"EVERYBODY")))


def to_a_hub_behind(gateway: Gateway, message: Message) -> None:
    """The hub's clock is an hour behind."""
    gateway.duty.hub_clock.behind = HOUR
    gateway.send(message)


def clock_is_right(gateway: Gateway, _message: Message) -> None:
    """Set the clock right."""
    gateway.duty.hub_clock.behind = timedelta()


def in_the_name_of_staff(gateway: Gateway, message: Message) -> None:
    """A gateway may send for agencies alone."""
    gateway.send(message._replace(id=RequestId("staff:liu", "PlaceBooking", "A-1")))


def added_later(gateway: Gateway, message: Message) -> None:
    """The hub does not know the agent yet."""
    gateway.send(message)
    assert until(lambda: gateway.duty.kept() == 1)
    _new_agent(gateway, _agency(message))


def of_nobody(gateway: Gateway, message: Message) -> None:
    """No such agent was ever added."""
    gateway.send(message)


def after_a_block(gateway: Gateway, message: Message) -> None:
    """Its agent was blocked an hour before."""
    _new_agent(gateway, _agency(message))
    earlier = Agents(gateway.duty.database, WrongClock(HOUR))
    gateway.duty.agents_are_known(lambda: earlier.block(_agency(message)))
    gateway.send(message)


def unblocked(gateway: Gateway, message: Message) -> None:
    """Once the agency is to be let in again, it sends it again."""
    number = _agency(message)
    gateway.duty.agents_are_known(lambda: gateway.duty.run(f"lupu agents unblock {number}"))
    gateway.send(message)


def not_signed(gateway: Gateway, message: Message) -> None:
    """Its agent has only signed for an hour, and this is not signed."""
    agents = _new_agent(gateway, _agency(message))
    agents.trust(_agency(message), SIGNATURE, FINGERPRINT)
    earlier = Agents(gateway.duty.database, WrongClock(HOUR))
    gateway.duty.agents_are_known(lambda: earlier.only_signs(_agency(message)))
    gateway.send(message)


def signs_it(gateway: Gateway, message: Message) -> None:
    """The agency repeats it, signed."""
    gateway.send(signed(message))


def signed_with_what_was_revoked(gateway: Gateway, message: Message) -> None:
    """The certificate was taken from the agent as one whose key is in other hands."""
    number, agents = _agency(message), _new_agent(gateway, _agency(message))
    gateway.duty.agents_are_known(lambda: agents.trust(number, SIGNATURE, FINGERPRINT))
    gateway.duty.agents_are_known(
        lambda: gateway.duty.run(
            f"lupu agents distrust {number} {FINGERPRINT} --purpose SIGNATURE --revoked"
        )
    )
    gateway.send(signed(message))


def signs_it_with_another(gateway: Gateway, message: Message) -> None:
    """The agency repeats it, signed with what it is known by then."""
    number, agents = _agency(message), Agents(gateway.duty.database, WrongClock())
    gateway.duty.agents_are_known(
        lambda: agents.trust(number, SIGNATURE, hashlib.sha256(ANOTHER.der).hexdigest())
    )
    gateway.send(signed(message, ANOTHER))


def signed_as_another(gateway: Gateway, message: Message) -> None:
    """What was signed is another request."""
    agents = _new_agent(gateway, _agency(message))
    gateway.duty.agents_are_known(lambda: agents.trust(_agency(message), SIGNATURE, FINGERPRINT))
    other = signed(gateway.booking(_agency(message)))
    gateway.send(message._replace(proof=other.proof, sign_in="signature"))


def too_many(gateway: Gateway, message: Message) -> None:
    """More than an agent of so low a rate may send."""
    _new_agent(gateway, _agency(message), rate=1)
    gateway.send(gateway.booking(_agency(message))._replace(accepted_at=message.accepted_at))
    gateway.send(message)


def altered(gateway: Gateway, message: Message) -> None:
    """A bit was turned on the way."""
    wire = gateway.seal(message)
    body = bytearray(wire.body)
    body[-1] ^= 1
    gateway.publish(wire._replace(body=bytes(body)))


def _sealed_under(gateway: Gateway, message: Message, keyring: Keyring) -> None:
    """Seal as things are, and bring it to hubs that have ``keyring``."""
    wire = gateway.seal(message)
    gateway.duty.keys.change(keyring)
    gateway.publish(wire)
    assert until(lambda: gateway.duty.kept() == 1)


def _key(keyring: Keyring) -> bytes:
    (key,) = [key for key in keyring if (key.owner, key.use) == (GATEWAY, Use.SIGN)]
    return key.key_id


def with_an_unknown_key(gateway: Gateway, message: Message) -> None:
    """The hub's keyring is older than the key."""
    newest = gateway.duty.keys.keyring
    older = Keyring(key for key in newest if key.key_id != _key(newest))
    _sealed_under(gateway, message, older)
    newest.write(gateway.duty.folder / "newest.json")


def newest_keyring(gateway: Gateway, _message: Message) -> None:
    """Bring the newest keyring."""
    gateway.duty.keys.change(Keyring.read(gateway.duty.folder / "newest.json"))


def to_a_key_that_is_gone(gateway: Gateway, message: Message) -> None:
    """The hub has a new key, and that of before was taken away."""
    wire, keys = gateway.seal(message), gateway.duty.keys
    folder = keys.settings.keys / "hub"
    old = list(folder.iterdir())
    pair = new_key(Use.OPEN)
    write_key(folder, pair)
    for path in old:
        path.rename(gateway.duty.folder / path.name)
    keys.change(keys.keyring.with_key("hub", pair, keys.since))
    gateway.publish(wire)


def keys_are_back(gateway: Gateway, _message: Message) -> None:
    """Bring back the private keys of before."""
    folder = gateway.duty.keys.settings.keys / "hub"
    suffix = next(folder.iterdir()).suffix
    for path in gateway.duty.folder.glob(f"*{suffix}"):
        path.rename(folder / path.name)


def with_a_key_that_ended(gateway: Gateway, message: Message) -> None:
    """The key had ended when it was sealed."""
    trusted = gateway.duty.keys.keyring
    ended = trusted.ended(GATEWAY, Use.SIGN, b"", datetime.now(UTC) - HOUR)
    trusted.write(gateway.duty.folder / "newest.json")
    _sealed_under(gateway, message, ended)


def with_a_revoked_key(gateway: Gateway, message: Message) -> None:
    """The key is trusted no more."""
    trusted = gateway.duty.keys.keyring
    trusted.write(gateway.duty.folder / "newest.json")
    _sealed_under(gateway, message, trusted.revoked(_key(trusted), datetime.now(UTC)))


def kept_by_hand(gateway: Gateway, message: Message) -> None:
    """Somebody put it there with a sentence of his own."""
    publisher = MemoryPublisher(gateway.duty.outside, "hub-1")
    quarantine = QueueQuarantine(publisher, "hub-1", gateway.duty.hub_clock)
    quarantine.keep(gateway.seal(message), "looked odd to me", lambda _: None)
