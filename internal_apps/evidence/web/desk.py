"""What the page of evidence works with, and what it asks of the shell around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from adapters.database import Database
from hub.ports import Clock
from internal_apps.evidence.settings import Evidence

View = TypeVar("View", bound=Callable[..., Any])

SEE = "evidence.see"


class Shell(Protocol):
    """The shell around every page."""

    def requires(self, permission: str) -> Callable[[View], View]:
        """Run a view only for somebody whose role has the permission."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the view works with."""

    shell: Shell
    database: Database
    clock: Clock
    settings: Evidence
