"""What the pages of parking work with."""

from dataclasses import dataclass

from flask import abort, request
from werkzeug.wrappers import Response

from hub.parking import Place
from hub.ports import Clock
from internal_apps.parking.interventions import Interventions
from internal_apps.parking.traffic import Traffic
from internal_apps.showing import Shell

Page = Response | str | tuple[str, int]

SEE = "kept.see"
ACT = "kept.act"
NOT_FOUND, CONFLICT, WRONG = 404, 409, 422


@dataclass(frozen=True, slots=True)
class Desk:
    """What every view works with."""

    shell: Shell
    work: Interventions
    traffic: Traffic
    clock: Clock

    def reached(self) -> list[Place]:
        """Return the places that are reached from here, what is parked first."""
        order = (Place.PARKED, Place.OUTSIDE, Place.INSIDE)
        return [one for one in order if one in self.work.shelves]

    def who(self) -> str:
        """Return the account that acts."""
        return self.shell.account().account

    def why(self) -> str:
        """Return the reason that was typed: sent just now, or kept over a sign-in."""
        kept = (self.shell.typed() or {}).get("why") or [""]
        return request.form.get("why", kept[0])

    def place(self, text: str) -> Place:
        """Return a place by its name; not found where there is none that is reached from here."""
        place = next((one for one in Place if one.value == text), None)
        if place is None or place not in self.work.shelves:
            abort(NOT_FOUND)
        return place
