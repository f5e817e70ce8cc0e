"""The worker that takes in the gateways' books, and watches over what staff does meanwhile."""

from dataclasses import replace

from adapters.sealing import Sealing, sealing_of
from hub.settings import Configuration
from internal_apps import serving
from internal_apps.evidence.application import build
from internal_apps.parking.audit import AuditTrail
from internal_apps.parking.pruning import CorrectionsPruning
from internal_apps.parking.settings import Parking
from internal_apps.parking.watching import HeadWatch, ParkedWatch
from internal_apps.serving import Application, Surroundings


def watching(around: Surroundings, configuration: Configuration) -> Application:
    """Build evidence with the chores that look at what is parked and at the audit trail."""
    application = build(around, configuration)
    database, clock, metrics = around.store.database, around.clock, around.metrics
    signer = None
    if configuration.has(Sealing):
        signer = sealing_of(configuration, clock, opens=False).signer
    settings = configuration.read(Parking)
    trail = AuditTrail(database, clock)
    chores = (
        ParkedWatch(database, clock, metrics),
        HeadWatch(trail, clock, metrics, seconds=settings.head_seconds, signer=signer),
        CorrectionsPruning(database, clock, metrics, kept_days=settings.corrections_kept_days),
    )
    return replace(application, chores=(*application.chores, *chores))


def run(configuration: Configuration) -> None:
    """Serve evidence until SIGTERM or SIGINT."""
    serving.run(configuration, watching)
