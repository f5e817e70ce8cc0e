"""What a command on kept messages works with: interventions, and who acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.clock import SystemClock
from adapters.database import Database, InboxStore
from adapters.metrics import PrometheusMetrics
from adapters.xml import Schemas
from hub.messages import applications
from hub.settings import Configuration
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.opening import interventions
from internal_apps.serving import Surroundings
from lupu import opened, options, processes
from lupu.proving import Claim, prove


@dataclass(frozen=True, slots=True)
class Work:
    """Interventions, opened for one command."""

    interventions: Interventions
    database: Database
    configuration: Configuration

    def proved(self, who: Claim, permission: str) -> str:
        """Return the account that acts; see ``lupu.proving``."""
        return prove(who, permission, self.database, self.configuration)


@contextmanager
def work(config: str | None, name: str) -> Iterator[Work]:
    """Open the database; the quarantines are reached as ``name``, where that is an operator."""
    configuration, clock = options.configuration(config, name), SystemClock()
    with opened.database(config, name) as database:
        store = InboxStore(database, clock, name)
        around = Surroundings(store, Schemas(), clock, PrometheusMetrics(), name)
        builds = {
            application: processes.module(f"internal_apps.{application}.__main__").build
            for application in applications()
        }
        operator = configuration if name.startswith("operator-") else None
        work_on = interventions(around, configuration, operator, builds)
        yield Work(work_on, database, configuration)
