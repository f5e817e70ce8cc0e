"""What a command on kept messages works with: interventions, and who acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.clock import SystemClock
from adapters.database import InboxStore
from adapters.metrics import PrometheusMetrics
from adapters.xml import Schemas
from hub.errors import NotAllowed
from hub.messages import applications
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.opening import interventions
from internal_apps.serving import Surroundings
from internal_apps.staff.accounts import Accounts
from lupu import opened, options, processes


@dataclass(frozen=True, slots=True)
class Work:
    """Interventions, opened for one command."""

    interventions: Interventions
    accounts: Accounts

    def allowed(self, account: str, permission: str) -> str:
        """Return the account that acts; NotAllowed where there is none, or its role may not."""
        found = self.accounts.find(account)
        if found is None or found[0].disabled_at is not None:
            raise NotAllowed(f"There is no account '{account}' of the staff that could sign in.")
        if not found[0].may(permission):
            raise NotAllowed(f"{account} is {found[0].role}: that role may not do this.")
        return account


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
        yield Work(work_on, Accounts(database, clock))
