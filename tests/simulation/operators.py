"""Operators: they look at what is kept, send it again, correct, approve and discard.

Each sits at a process of its own, which dies like any other; all work on the same few messages.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from adapters.memory.parked import MemoryParked
from adapters.memory.sealing import MemoryOpener, MemorySealer
from adapters.memory.store import MemoryStore
from adapters.quarantine import QuarantineShelf
from hub.envelope import RequestId
from hub.errors import LupuError, MalformedEnvelope
from hub.parked import ParkedShelf
from hub.parking import End, Ended, Kept, Place, Shelf
from hub.places import HUB, OPERATOR
from hub.ports import InboxEntry
from hub.replaying import Previews
from hub.sealing import OperatorSeals
from internal_apps.answering import refused
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.opening import Guarding
from internal_apps.parking.settings import Parking
from internal_apps.previewing import Foreseeing
from internal_apps.serving import Application
from tests.simulation.application import FAILS, Ticketing, line_of
from tests.simulation.broker import Broker
from tests.simulation.documents import DOCUMENTS, contact, lines
from tests.simulation.hand import hand
from tests.simulation.processes import APPLICATION, LIMITS, NOWHERE, Crashed, Site
from tests.simulation.world import Process

PAUSE_SECONDS = 1.5
FEW = 3
WHY = "the simulation"
# What an operator does, the more often the more often it is named.
ACTS = ("replay", "replay", "bulk", "propose", "propose", "approve", "approve", "discard")
NAMES = ("Sun", "Zhou", FAILS)


class OperatorProcess(Process):
    """The real interventions, on the real shelves; its name is also the person's account."""

    def __init__(self, site: Site, name: str, crashed: Crashed) -> None:
        super().__init__(site.world, name, crashed)
        self._site = site
        self._store = MemoryStore(site.database, owner=self.name, clock=self)
        opener, sealer = MemoryOpener(site.keys, name), MemorySealer(site.keys, name)
        seals = OperatorSeals(opener, sealer, lambda: (HUB, OPERATOR))
        self.work = Interventions(
            site.staff,
            self,
            self._shelves(seals),
            schemas=DOCUMENTS.schemas,
            foresee={APPLICATION: self._foresee()},
            guarded={
                Place.OUTSIDE: self._guarding(Place.OUTSIDE, seals),
                Place.INSIDE: self._guarding(Place.INSIDE, None),
            },
            settings=Parking(),
            machine=self.machine(),
        )
        self.spawn(self._serve)

    def _shelves(self, seals: OperatorSeals) -> Mapping[Place, Shelf]:
        site = self._site
        return {
            Place.PARKED: ParkedShelf(MemoryParked(self._store), DOCUMENTS, refused),
            Place.OUTSIDE: self._quarantine(Place.OUTSIDE, site.outside, seals),
            Place.INSIDE: self._quarantine(Place.INSIDE, site.inside, None),
        }

    def _foresee(self) -> Foreseeing:
        handlers = Ticketing(self._store).handlers()
        served = Application(APPLICATION, handlers, NOWHERE, line_of=line_of)
        return Foreseeing(self._store, served, contracts=DOCUMENTS, clock=self)

    def _guarding(self, place: Place, seals: OperatorSeals | None) -> Guarding:
        opener = None if seals is None else seals.opener
        age_max = LIMITS.request_age_seconds_max
        previews = Previews(place, DOCUMENTS, self, self._known, age_max, opener=opener)
        return Guarding(previews, self.name, seals)

    def _known(self, request_id: RequestId) -> InboxEntry | None:
        with self._store.reading() as unit:
            return unit.entry(request_id)

    def _quarantine(
        self, place: Place, broker: Broker, seals: OperatorSeals | None
    ) -> QuarantineShelf:
        opens = partial(hand, self, broker, self._site.chaos)
        return QuarantineShelf(place, opens, self.name, DOCUMENTS, seals, machine=self.machine())

    def _serve(self) -> None:
        while not self._site.chaos.ended:
            self.world.sleep(self.world.delay(PAUSE_SECONDS))
            try:
                self._act()
            except LupuError as error:
                self.world.trace(f"{self.name} {type(error).__name__}: {error}")

    def _act(self) -> None:
        chance = self.world.random
        act, place = chance.choice(ACTS), chance.choice(tuple(Place))
        if act == "approve":
            self._decide()
            return
        kept = self.work.find(place).kept
        if not kept:
            return
        some = chance.sample(kept, min(len(kept), chance.randint(1, FEW)))
        if act == "bulk":
            some = [one for one in kept if one.reason.kind == some[0].reason.kind]
        if act == "propose":
            self.propose(some[0])
        elif act == "discard":
            self._do(self.work.discard, some[:1])
        else:
            self._do(self.work.replay, some)

    def _do(self, act: Callable[..., Sequence[Ended]], some: Sequence[Kept]) -> None:
        place = some[0].place
        for ended in act(place, [one.id for one in some], why=WHY, who=self.name):
            self.world.trace(f"{self.name} {act.__name__} {place.value} {ended.end.value}")
            self.world.counts["acts"] += ended.end is End.DONE

    def propose(self, kept: Kept) -> int:
        """Propose a correction; return its number."""
        opened = self.work.open(kept.place, kept.id, self.name)
        body = self._corrected(kept, opened.shown.document)
        number = self.work.propose(kept.place, kept.id, body, why=WHY, who=self.name)
        self.world.trace(f"{self.name} proposed {number}")
        return number

    def approve(self, number: int) -> None:
        """Approve what somebody proposed."""
        self.work.approve(number, self.name)
        self._site.approvals.append((number, self.name))

    def _decide(self) -> None:
        waiting = self.work.corrections.waiting()
        if not waiting:
            return
        number = self.world.random.choice(waiting).number
        if self.world.random.random() < 0.2:
            self.work.reject(number, WHY, self.name)
        else:
            self.approve(number)
        self.world.trace(f"{self.name} decided on {number}")

    def _corrected(self, kept: Kept, document: bytes | None) -> bytes:
        """Return the document with another name; a new booking where it cannot be read."""
        name = self.world.random.choice(NAMES)
        try:
            values = dict(DOCUMENTS.values(document or b""))
            return DOCUMENTS.write(kept.type, **{**values, "Contact": contact(name)})
        except (LupuError, LookupError):
            pass
        try:
            reference = RequestId.parse(kept.request_id).reference
        except MalformedEnvelope:
            reference = "P0"
        return DOCUMENTS.write(
            "PlaceBooking.1",
            RequestReference=reference,
            Kind="INDIVIDUAL",
            Contact=contact(name),
            Lines=lines(1),
        )
