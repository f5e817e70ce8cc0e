"""The judge: what was told, stored and kept, held against the promises once all is at rest."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from adapters.memory.books import Books
from adapters.quarantine import REASON, restored
from hub import refusals
from hub.envelope import AGENT, RequestId, Wire, from_wire, request_of
from hub.errors import MalformedEnvelope
from hub.messages import ONCE, inside_queue
from hub.places import GATEWAY, HUB, OPERATOR
from hub.ports import InboxEntry, InboxState
from tests.simulation import editions
from tests.simulation.agents import NOT_ACCEPTED, Agents
from tests.simulation.application import booking_of
from tests.simulation.attacker import Attacker
from tests.simulation.broker import FORGED_BOOT, Broker, is_forged
from tests.simulation.desk import Desk
from tests.simulation.documents import DOCUMENTS
from tests.simulation.model import DONE, Asked, Expected, Model
from tests.simulation.system import System
from tests.simulation.tellings import Tellings
from tests.simulation.verified import Verified

INSIDE_REQUESTS = tuple(inside_queue("ticketing", lane) for lane in ONCE)
OUTSIDE_REPLIES = "replies"
AT_ONCE_SECONDS = 5.0
DISCARDED = refusals.DISCARDED.code
# A message whose sender's clock is too far ahead is kept for a person, by every guard.
FUTURE = "lies in the future"


class Judge:
    """Looks at one run; ``faults`` yields a sentence for each broken promise."""

    def __init__(self, system: System, agents: Agents, attacker: Attacker) -> None:
        self._system = system
        self._agents = agents
        self._attacker = attacker
        self._books: Books = system.database.books
        self._lost = {
            str(_transmission(wire))
            for broker in (system.outside, system.inside)
            for wire in broker.lost
        }
        self._lost_ids = {
            request_of(wire) for broker in (system.outside, system.inside) for wire in broker.lost
        }
        self._kept_ids: set[str] = set()
        self._desk = Desk(system)
        self._corrected = self._desk.corrected()

    def faults(self) -> Iterator[str]:
        """Yield every broken promise."""
        yield from self._quarantines()
        yield from self._rest()
        yield from self._outcomes()
        yield from self._effects()
        yield from self._accepted()
        yield from Tellings(self._system, self._agents, self._may_lack).faults()
        yield from self._not_accepted()
        yield from self._transmissions()
        yield from Verified(self._system, self._corrected).faults()
        yield from self._desk.faults()
        yield from self._editions()

    def _editions(self) -> Iterator[str]:
        site = self._system.site
        if site.has_editions:
            newest, _ = self._books.rows.get(editions.ROW, (0, 0.0))
            running = (n for n in self._system.running if n.startswith((GATEWAY, HUB)))
            yield from editions.faults(site.used, newest, running)

    def _rest(self) -> Iterator[str]:
        for broker in (self._system.outside, self._system.inside):
            for queue, depth in broker.left().items():
                yield f"{depth} messages are left in {queue} on the {broker.name} broker"
            if broker.held():
                yield f"{broker.held()} messages of the {broker.name} broker are held for ever"
        if self._books.outbox:
            yield f"{len(self._books.outbox)} messages never left the outbox"
        for key in self._books.waiting:
            if not self._system.is_stuck(key):
                yield f"{key} waits for ever"

    def _outcomes(self) -> Iterator[str]:
        """Compare every outcome with the model's, in the order in which they were committed."""
        model = Model()
        order = sorted(self._books.recorded.items(), key=lambda item: item[1].number)
        for key, recorded in order:
            entry, id_ = self._books.inbox[key], recorded.message.id
            asked = Asked(
                id_.sender,
                id_.operation,
                id_.reference,
                DOCUMENTS.values(recorded.message.body),
                recorded.message.accepted_at,
                self._system.database.seen_at[key],
                self._books.handled_at[key],
                key in self._system.database.stood_in_line,
            )
            if entry.outcome_code == DISCARDED and self._desk.was_discarded(key):
                model.discarded(asked)
            elif entry.state is InboxState.HANDLED:
                came, expected = got(entry), model.outcome(asked)
                if came != expected:
                    yield f"{key} came to {came} and should have come to {expected}"
                yield from self._refused_in_line(key, entry)
            elif entry.state is InboxState.PARKED:
                if not model.may_be_parked(asked):
                    yield f"{key} is parked"
            elif not self._system.is_stuck(key):
                yield f"{key} has no outcome, it is {entry.state.value}"

    def _refused_in_line(self, key: str, entry: InboxEntry) -> Iterator[str]:
        """What waits behind a parked one is not refused for what is not there."""
        if entry.outcome_code not in ("NO_SUCH_BOOKING", "VERSION_AHEAD"):
            return
        database, line = self._system.database, self._line(key)
        for other, stays in database.parked.items():
            at = database.handled_at[key]
            while_parked = any(one.since + AT_ONCE_SECONDS < at < one.until for one in stays)
            if other != key and self._line(other) == line and while_parked:
                yield f"{key} came to {entry.outcome_code} while {other} was parked"

    def _line(self, key: str) -> str:
        return booking_of(self._books.recorded[key].message)

    def _effects(self) -> Iterator[str]:
        """Each effect once, in the order of versions, and only where the outcome says so."""
        done = {k for k, entry in self._books.inbox.items() if entry.outcome_code == DONE}
        marks = [mark.split(" ") for mark in self._books.marks()]
        for id_, count in Counter(id_ for id_, _, _ in marks).items():
            if count > 1:
                yield f"{id_} had {count} effects"
            if id_ not in done:
                yield f"{id_} had an effect and its outcome does not say so"
        for id_ in done - {id_ for id_, _, _ in marks}:
            yield f"{id_} is said to be done and had no effect"
        versions = defaultdict(list)
        for _, key, version in marks:
            versions[key].append(int(version))
        for key, found in versions.items():
            if found != list(range(1, len(found) + 1)):
                yield f"{key} went through the versions {found}"

    def _accepted(self) -> Iterator[str]:
        """What the outside broker took has an outcome and an answer, or is kept."""
        inside = self._system.inside
        replies = {
            wire.correlation_id
            for key, wire in (*inside.took, *inside.returned)
            if key == OUTSIDE_REPLIES
        }
        for wire in self._taken_outside():
            id_, sent = wire.message_id, str(_transmission(wire))
            entry = self._books.inbox.get(id_)
            if sent in self._lost or id_ in self._kept_ids:
                continue
            if entry is None:
                yield f"{id_} was taken by the outside broker and has no outcome"
            elif entry.state is InboxState.HANDLED and sent not in replies:
                yield f"{sent} of {id_} was never answered"

    def _not_accepted(self) -> Iterator[str]:
        """What all were told was not accepted did not arrive."""
        may_have_come: Counter[str] = Counter()
        for tried in self._agents.tries:
            if not tried.is_question and tried.code != NOT_ACCEPTED:
                may_have_come[str(tried.id)] += tried.sends_max
        came = {(wire.message_id, _transmission(wire)) for wire in self._taken_outside()}
        for id_, count in Counter(id_ for id_, _ in came).items():
            if count > may_have_come[id_]:
                yield f"{id_} came {count} times; {may_have_come[id_]} may have come"

    def _transmissions(self) -> Iterator[str]:
        """Each transmission names one sending of one request."""
        ids: dict[str, str] = {}
        for wire in self._taken_outside():
            sent = str(_transmission(wire))
            if ids.setdefault(sent, wire.message_id) != wire.message_id:
                yield f"{sent} names {ids[sent]} and {wire.message_id}"

    def _quarantines(self) -> Iterator[str]:
        """Every forgery is in the quarantine, its bytes unchanged, and nothing else is."""
        discarded = list(self._desk.discarded())
        self._kept_ids |= {wire.message_id for wire in discarded}
        for broker in (self._system.outside, self._system.inside):
            kept = [(restored([wire]), wire.headers[REASON]) for wire in broker.quarantined()]
            for wire, why in kept:
                if is_forged(wire):
                    continue
                if FUTURE in why:
                    self._kept_ids.add(wire.message_id)
                else:
                    yield f"{wire.message_id} is in the {broker.name} quarantine: {why}"
            # What an operator sent again is lost like anything else.
            gone = (*discarded, *broker.lost)
            wires = [_unsent(wire) for wire in (*(wire for wire, _ in kept), *gone)]
            for forged in self._attacker.took[broker.name]:
                is_kept = _unsent(forged) in wires or forged.message_id in self._corrected
                if not is_kept:
                    yield f"a forgery on the {broker.name} broker is not in its quarantine"
        for key, recorded in self._books.recorded.items():
            is_forged_one = recorded.message.transmission.boot == FORGED_BOOT
            if is_forged_one and key not in self._corrected:
                yield f"{key} was forged and was handled"
        yield from self._crossed(self._system.inside)

    def _crossed(self, inside: Broker) -> Iterator[str]:
        for key, wire in inside.took:
            corrected = wire.message_id in self._corrected
            again = wire.user_id.startswith(OPERATOR)
            if key in INSIDE_REQUESTS and is_forged(wire) and not (corrected or again):
                yield f"{wire.message_id} was forged and crossed"

    def _taken_outside(self) -> list[Wire]:
        """What the outside broker took of agents' requests."""
        sent = self._system.taken_outside()
        return [wire for wire in sent if wire.message_id.startswith(AGENT)]

    def _may_lack(self, id_: RequestId) -> bool:
        return str(id_) in self._lost_ids or str(id_) in self._kept_ids


def got(entry: InboxEntry) -> Expected:
    """Return what came of a request, but for the times in its answer."""
    if entry.outcome_code != DONE or entry.answer is None:
        return Expected(entry.outcome_code)
    booking = DOCUMENTS.values(entry.answer.body)["Booking"]
    return Expected(
        DONE,
        booking["Version"],
        booking["Contact"]["Name"],
        booking["Lines"]["Line"][0]["Quantity"],
        booking["State"],
    )


def _unsent(wire: Wire) -> Wire:
    """Return a message as it is whoever sends it."""
    return wire._replace(user_id="", expiration_ms=None, persistent=True)


def _transmission(wire: Wire) -> object:
    try:
        return from_wire(wire).transmission
    except MalformedEnvelope:
        return wire.message_id
