"""What the pages of parking work with, and what they ask of the shell around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import abort
from werkzeug.wrappers import Response

from hub.parking import Place
from hub.ports import Clock
from internal_apps.parking.interventions import Interventions

View = TypeVar("View", bound=Callable[..., Any])
Page = Response | str | tuple[str, int]

SEE = "kept.see"
ACT = "kept.act"
NOT_FOUND, CONFLICT, WRONG = 404, 409, 422


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
    work: Interventions
    clock: Clock

    def reached(self) -> list[Place]:
        """Return the places that are reached from here, what is parked first."""
        order = (Place.PARKED, Place.OUTSIDE, Place.INSIDE)
        return [one for one in order if one in self.work.shelves]

    def who(self) -> str:
        """Return the account that acts."""
        return self.shell.account().account

    def place(self, text: str) -> Place:
        """Return a place by its name; not found where there is none that is reached from here."""
        place = next((one for one in Place if one.value == text), None)
        if place is None or place not in self.work.shelves:
            abort(NOT_FOUND)
        return place
