"""Interventions from a zone's configuration: for a command, and for the staff's web."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from adapters.amqp.hand import hand
from adapters.database import SqlParked
from adapters.quarantine import QuarantineShelf
from adapters.sealing import Sealing, sealing_of
from hub.envelope import RequestId, Wire
from hub.messages import Lane, sealed_route
from hub.parked import Pace, ParkedShelf
from hub.parking import Place, Shelf
from hub.ports import Clock, InboxEntry
from hub.replaying import Preview, Previews
from hub.sealing import OperatorSeals
from hub.settings import Broker, Configuration, InsideBroker, OutsideBroker
from internal_apps.answering import refused
from internal_apps.parking.interventions import Guarded, Interventions
from internal_apps.parking.settings import Parking
from internal_apps.previewing import Foresee, Foreseeing
from internal_apps.serving import Application, Surroundings
from internal_apps.settings import Worker

BROKERS: Mapping[Place, type[Broker]] = {
    Place.OUTSIDE: OutsideBroker,
    Place.INSIDE: InsideBroker,
}

Build = Callable[[Surroundings, Configuration], Application]


def interventions(
    around: Surroundings,
    configuration: Configuration,
    operator: Configuration | None,
    applications: Mapping[str, Build],
) -> Interventions:
    """Return interventions on what is parked, and on the quarantines that ``operator`` reaches.

    ``operator`` is the same zone's configuration as the component ``operator-N`` reads it.
    """
    settings = configuration.read(Parking)
    pace = Pace(settings.replays_per_second)
    shelves: dict[Place, Shelf] = {
        Place.PARKED: ParkedShelf(SqlParked(around.store), around.schemas, refused, pace)
    }
    guarded: dict[Place, Guarded] = {}
    for place, group in BROKERS.items():
        if operator is not None and operator.has(group):
            opens = partial(hand, operator.read(group), operator.name)
            seals = _seals(operator, around.clock) if place is Place.OUTSIDE else None
            shelves[place] = QuarantineShelf(place, opens, operator.name, around.schemas, seals)
            guarded[place] = _guarding(around, operator, place, seals)
    return Interventions(
        around.store.database,
        around.clock,
        shelves,
        schemas=around.schemas,
        foresee=_foresee(around, configuration, applications),
        settings=settings,
        guarded=guarded,
    )


def _seals(operator: Configuration, clock: Clock) -> OperatorSeals | None:
    if not operator.has(Sealing):
        return None
    sealed = sealing_of(operator, clock, opens=True)
    return OperatorSeals(sealed.opener, sealed.sealer, sealed.requests_for)


@dataclass(frozen=True, slots=True)
class Guarding:
    """Says what the guard of a quarantine would make of a message, corrected or not."""

    previews: Previews
    account: str
    seals: OperatorSeals | None

    def __call__(self, wire: Wire, corrected: bytes | None) -> Preview:
        """Have it judged as ``account`` would send it again."""
        if corrected is not None:
            wire = wire._replace(body=corrected)
            if self.seals is not None:
                readers = self.seals.readers()
                wire = self.seals.sealer.seal(wire, sealed_route(Lane.REQUESTS), readers)
        return self.previews.of(wire, self.account)


def _guarding(
    around: Surroundings, operator: Configuration, place: Place, seals: OperatorSeals | None
) -> Guarding:
    def known(request_id: RequestId) -> InboxEntry | None:
        with around.store.reading() as unit:
            return unit.entry(request_id)

    previews = Previews(
        place,
        around.schemas,
        around.clock,
        known,
        operator.read(Worker).request_age_seconds_max,
        opener=None if seals is None else seals.opener,
    )
    return Guarding(previews, operator.name, seals)


def _foresee(
    around: Surroundings, configuration: Configuration, applications: Mapping[str, Build]
) -> dict[str, Foresee]:
    return {
        name: Foreseeing(
            around.store,
            build(around, configuration),
            contracts=around.schemas,
            clock=around.clock,
        )
        for name, build in applications.items()
    }
