"""What every application's pages ask of the shell around them; staff is that shell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Person(Protocol):
    """Who is signed in."""

    @property
    def account(self) -> str:
        """What the person signs in with."""

    def may(self, permission: str) -> bool:
        """Return whether the person's role has the permission."""


class Views(Protocol):
    """Where it is written down who saw whose personal data; it cannot be edited unnoticed."""

    def opened(self, who: str, booking: str) -> None:
        """``who`` opened a booking; what cannot be written down is not shown."""

    def listed(self, who: str, bookings: Sequence[str]) -> None:
        """``who`` saw bookings in a list, by their references."""


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
