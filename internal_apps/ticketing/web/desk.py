"""What the pages of ticketing work with, and what they ask of the shell around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hub.ports import Clock
from internal_apps.ticketing.web.asking import Asking
from internal_apps.ticketing.web.books import Books

View = TypeVar("View", bound=Callable[..., Any])

SEE = "bookings.see"
PLACE = "bookings.place"
CHANGE = "bookings.change"
CONFIRM = "bookings.confirm"
CANCEL = "bookings.cancel"


class Person(Protocol):
    """Who is signed in."""

    @property
    def account(self) -> str:
        """What the person signs in with."""

    def may(self, permission: str) -> bool:
        """Return whether the person's role has the permission."""


class Shell(Protocol):
    """The shell around every page: who is there, in which language, with what kept."""

    def requires(self, permission: str) -> Callable[[View], View]:
        """Run a view only for somebody whose role has the permission."""

    def account(self) -> Person:
        """Return who is signed in."""

    def language(self) -> str:
        """Return the page's language, ``en`` or ``zh``."""

    def typed(self) -> Mapping[str, Sequence[str]] | None:
        """Return the fields of this page's form that were kept over a sign-in, if any."""

    def name_of(self, account: str) -> str:
        """Return the name of a member of staff; the account itself where there is none."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every view works with."""

    shell: Shell
    books: Books
    asking: Asking
    clock: Clock
