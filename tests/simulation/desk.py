"""What people did to kept messages, by the audit trail, held against what became of them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from adapters.memory.sealing import MemoryOpener
from adapters.quarantine import restored
from adapters.quarantine.entries import entries
from hub.envelope import Wire
from hub.errors import NeverWorks
from hub.messages import ONCE, QUARANTINE_QUEUE, Lane, message_type, sealed_route
from hub.parking import Place
from hub.ports import Delivery, InboxState
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.domain import Correction, Entry, State, What, digest_of
from internal_apps.parking.store import Corrections
from tests.simulation.broker import Broker
from tests.simulation.documents import DOCUMENTS
from tests.simulation.system import System
from tests.simulation.world import Instant

_REQUESTS = tuple(lane.value for lane in ONCE)
BEGUN = (What.REPLAY.value, What.DISCARD.value)
DECIDED = {State.APPROVED: What.APPROVED, State.SENT: What.APPROVED, State.REJECTED: What.REJECTED}


class Lying:
    """Messages that lie in a quarantine, to be read by the real code."""

    def __init__(self, wires: Sequence[Wire]) -> None:
        self._wires = list(wires)

    def take(self) -> Delivery | None:
        """Take the next."""
        return Delivery(self._wires.pop(0), 0) if self._wires else None


class Desk:
    """Looks at the trail of one run, at corrections, and at what was sent again."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._books = system.database.books
        self._trail = AuditTrail(system.staff, Instant(system.world))
        self._corrections = Corrections(system.staff)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The audit trail."""
        return list(self._trail.exported())

    @cached_property
    def begun(self) -> Counter[tuple[str, str, str]]:
        """How often it is written that something was about to be done: what, where, to which."""
        return Counter((one.what, one.place, one.name) for one in self.entries)

    @cached_property
    def corrections(self) -> Sequence[Correction]:
        """All corrections that were proposed."""
        numbers = [json.loads(one.facts)["correction"] for one in self._of(What.PROPOSED)]
        found = [self._corrections.find(number) for number in numbers]
        return [one for one in found if one is not None]

    def faults(self) -> Iterator[str]:
        """Yield whatever was done and not written down, or written down and not so."""
        yield from self._trail.verify().faults
        yield from self._decisions()
        yield from self._parked()
        for place, broker in self._places():
            yield from self._gone(place, broker)
            yield from self._sent(place, broker)

    def was_discarded(self, key: str) -> bool:
        """Return whether somebody discarded a parked request."""
        return bool(self.begun[What.DISCARD.value, Place.PARKED.value, key])

    def discarded(self) -> Iterator[Wire]:
        """Yield what lay in a quarantine and was discarded."""
        for place, broker in self._places():
            for wire in self._kept(broker):
                (name,) = _ids(place, [wire])
                if self.begun[What.DISCARD.value, place.value, name]:
                    yield restored([wire])

    def corrected(self) -> set[str]:
        """Return the requests that were sent again, out of a quarantine, with a correction."""
        return {
            wire.message_id
            for place, broker in self._places()
            for wire in self._again(broker)
            if self._body(place, wire) in self._approved(place)
        }

    def _of(self, what: What) -> list[Entry]:
        return [one for one in self.entries if one.what == what.value]

    def _approved(self, place: Place) -> set[str]:
        return {
            one.digest
            for one in self.corrections
            if one.place is place and What.APPROVED in self._decisions_on(one)
        }

    def _decisions_on(self, one: Correction) -> set[What]:
        return {
            what
            for what in (What.APPROVED, What.REJECTED)
            for entry in self._of(what)
            if json.loads(entry.facts)["correction"] == one.number
        }

    def _decisions(self) -> Iterator[str]:
        """Each by a second person, and each in the trail."""
        for one in self.corrections:
            said = self._decisions_on(one)
            if one.state is not State.PROPOSED and DECIDED[one.state] not in said:
                yield f"correction {one.number} is {one.state.value} and nobody wrote it down"
            if one.state is State.PROPOSED and said:
                yield f"correction {one.number} was decided on by the trail and is open"
        places = ((one.place, one.name) for one in self.corrections if one.state is State.APPROVED)
        for (_, name), count in Counter(places).items():
            if count > 1:
                yield f"{name} has {count} approved corrections"
        proposed = {one.number: one.proposed_by for one in self.corrections}
        for number, who in self._system.site.approvals:
            if proposed[number] == who:
                yield f"correction {number} was approved by {who}, who proposed it"

    def _parked(self) -> Iterator[str]:
        books, place = self._books, Place.PARKED.value
        parked = {k for k, entry in books.inbox.items() if entry.state is InboxState.PARKED}
        for key in parked ^ books.parked.keys():
            yield f"{key} is {'' if key in parked else 'not '}parked and its row says otherwise"
        for key, stays in self._system.database.parked.items():
            left = sum(stay.until < float("inf") for stay in stays)
            begun = sum(self.begun[what, place, key] for what in BEGUN)
            if left > begun:
                yield f"{key} left the shelf {left} times, {begun} are written down"
        approved = self._approved(Place.PARKED)
        for key, recorded in books.recorded.items():
            element = message_type(recorded.message.type).element
            if DOCUMENTS.digest(element, recorded.original) != books.inbox[key].digest:
                yield f"{key} is known by another digest than that of what was sent"
            body = recorded.message.body
            if body != recorded.original and digest_of(body) not in approved:
                yield f"{key} was handled with a body that nobody approved"
        for key, entry in books.inbox.items():
            if entry.outcome_code == "DISCARDED" and not self.was_discarded(key):
                yield f"{key} is discarded and nobody wrote it down"

    def _gone(self, place: Place, broker: Broker) -> Iterator[str]:
        """What lies in a quarantine no more was discarded, or sent again."""
        lying = Counter(_ids(place, broker.quarantined()))
        again = [self._known(wire) for wire in self._again(broker)]
        for wire in self._kept(broker):
            (name,) = _ids(place, [wire])
            if lying[name]:
                lying[name] -= 1
                continue
            if self.begun[What.DISCARD.value, place.value, name]:
                continue
            original = restored([wire])
            if not self.begun[What.REPLAY.value, place.value, name]:
                yield f"{original.message_id} is kept no more and nobody wrote down why"
            elif self._known(original) not in again:
                yield f"{original.message_id} is kept no more and was not sent again"

    def _sent(self, place: Place, broker: Broker) -> Iterator[str]:
        """What was sent again lay there, or two people agreed on it; all is written down."""
        originals = [restored([wire]) for wire in self._kept(broker)]
        kept = {(self._known(one), one.body) for one in originals}
        sent: Counter[str] = Counter()
        for wire in self._again(broker):
            sent[wire.message_id] += 1
            if (self._known(wire), wire.body) in kept:
                continue
            if self._body(place, wire) not in self._approved(place):
                yield f"{wire.message_id} was sent again with a body that nobody approved"
        begun = Counter(
            json.loads(one.facts).get("request", one.name)
            for one in self._of(What.REPLAY)
            if one.place == place.value
        )
        for request, count in sent.items():
            if count > begun[request]:
                yield f"{request} was sent again {count} times, {begun[request]} are written down"

    def _places(self) -> Iterator[tuple[Place, Broker]]:
        yield Place.OUTSIDE, self._system.outside
        yield Place.INSIDE, self._system.inside

    def _again(self, broker: Broker) -> list[Wire]:
        return [
            wire
            for key, wire in broker.took
            if key.endswith(_REQUESTS) and wire.user_id.startswith("operator")
        ]

    def _kept(self, broker: Broker) -> list[Wire]:
        return [wire for key, wire in broker.took if key == QUARANTINE_QUEUE]

    def _body(self, place: Place, wire: Wire) -> str:
        """Return the digest of what was sent again, in clear."""
        if place is Place.OUTSIDE:
            try:
                opener = MemoryOpener(self._system.site.keys, "hub-1")
                wire = opener.open(wire, sealed_route(Lane.REQUESTS)).wire
            except NeverWorks:
                return ""
        return digest_of(wire.body)

    def _known(self, wire: Wire) -> tuple[object, ...]:
        """Return by what a message is the same again, whoever sends it and with which body."""
        return wire.message_id, wire.type, wire.reply_to, tuple(sorted(wire.headers.items()))


def _ids(place: Place, wires: Sequence[Wire]) -> list[str]:
    return [entry.kept.id for entry in entries(Lying(wires), place)]  # type: ignore[arg-type]
