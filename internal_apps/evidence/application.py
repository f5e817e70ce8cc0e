"""Evidence as its worker sees it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adapters.amqp.ping import depths
from adapters.sealing import Sealing, signatures_of
from adapters.xml import Schemas
from hub.counting import from_nought
from hub.due import Due
from hub.errors import BrokerAway
from hub.messages import applications, inside_queue, lanes
from hub.sealing import Signatures
from hub.settings import Configuration, InsideBroker
from internal_apps.evidence import store
from internal_apps.evidence.comparing import Comparing
from internal_apps.evidence.domain import Kind
from internal_apps.evidence.handlers import BOOK_PAGE, Handlers
from internal_apps.evidence.settings import Evidence
from internal_apps.evidence.silence import BrokenOff, Silence
from internal_apps.evidence.unparking import Unparking
from internal_apps.serving import Application, Surroundings

NAME = "evidence"
MIGRATIONS = Path(__file__).parent / "versions"
QUEUES = tuple(inside_queue(name, lane) for name in applications() for lane in lanes(name))

Look = Callable[[Sequence[str]], Mapping[str, int]]


def build(around: Surroundings, configuration: Configuration) -> Application:
    """Build the application from its configuration.

    Pages must be signed where the zone has keys to seal and sign with.
    """
    signatures = None
    if configuration.has(Sealing):
        signatures = signatures_of(configuration, around.clock)
    look: Look | None = None
    if configuration.has(InsideBroker):
        broker, name = configuration.read(InsideBroker), configuration.name

        def look(queues: Sequence[str]) -> Mapping[str, int]:
            return depths(broker, name, queues)

    return application(around, configuration.read(Evidence), signatures, look)


def application(
    around: Surroundings,
    settings: Evidence,
    signatures: Signatures | None = None,
    look: Look | None = None,
) -> Application:
    """Build the application: pages are taken in and compared, silence and queues looked at."""
    handlers = Handlers(around.schemas, around.metrics, signatures)
    for kind in Kind:
        from_nought(around.metrics, "lupu_evidence_findings_total", kind=kind.value)
    chores: list[Callable[[], None]] = [
        Silence(around.store, around.clock, around.metrics, settings.silent_seconds),
        BrokenOff(around.store, around.clock, around.metrics, settings),
        Comparing(around, settings),
    ]
    if signatures is not None:
        chores.append(Unparking(around, handlers, settings.look_seconds))
    if look is not None:
        chores.append(Looking(around, look, settings.look_seconds))
    return Application(
        name=NAME,
        handlers={"BookPage.1": handlers.page, "Stopped.1": handlers.stopped},
        chores=chores,
        migrations=MIGRATIONS,
        contracts=PageContracts(around.schemas),
    )


class PageContracts:
    """Contracts in which a page is the same page whichever key of its gateway's signed it."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def check(self, element: str, body: bytes) -> None:
        """Validate ``body`` as ``element``; InvalidBody where it fails."""
        self._schemas.check(element, body)

    def digest(self, element: str, body: bytes) -> str:
        """Return the SHA-256 (hex) of the typed values; of a page, of all but the signature."""
        if element == BOOK_PAGE.element:
            given = self._schemas.values(self._schemas.read(element, body))
            given.pop("Signature", None)
            body = self._schemas.write(element, given)
        return self._schemas.digest(element, body)


class Looking:
    """A chore: keeps how many messages lie in the applications' queues, now and then."""

    def __init__(self, around: Surroundings, look: Look, seconds: float) -> None:
        self._around = around
        self._look = look
        self._is_due = Due(around.clock, seconds)

    def __call__(self) -> None:
        """Look, if it is time; while the broker is away nothing is known, and nothing is kept."""
        if not self._is_due():
            return
        try:
            found = self._look(QUEUES)
        except BrokerAway:
            return
        with self._around.store.database.begin() as connection:
            for queue, messages in found.items():
                store.look(connection, queue, messages, self._around.clock.now())
