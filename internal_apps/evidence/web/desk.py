"""What the page of evidence works with."""

from dataclasses import dataclass

from adapters.database import Database
from hub.ports import Clock
from internal_apps.evidence.settings import Evidence
from internal_apps.showing import Shell

SEE = "evidence.see"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the view works with."""

    shell: Shell
    database: Database
    clock: Clock
    settings: Evidence
