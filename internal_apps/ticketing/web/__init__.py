"""The pages of ticketing: bookings found, seen, and made for a caller on the telephone.

They send the same messages as the agents and read the same rows; they know the shell around
them only by ``internal_apps.showing``.
"""

from pathlib import Path

from flask import Blueprint

from internal_apps.ticketing.web import words
from internal_apps.ticketing.web.desk import PLACE, SEE, Desk
from internal_apps.ticketing.web.forms import sentence
from internal_apps.ticketing.web.listing import add_listing
from internal_apps.ticketing.web.offering import add_offering
from internal_apps.ticketing.web.one import add_one
from internal_apps.ticketing.web.placing import add_placing

HERE = Path(__file__).parent
TRANSLATIONS = HERE.parent / "translations"

# Text, view and permission of each entry that the shell's menu shows.
MENU = (
    (sentence("Bookings"), "bookings.listing", SEE),
    (sentence("New booking"), "bookings.new", PLACE),
    (sentence("What is left"), "bookings.offers", SEE),
)


def bookings_pages(desk: Desk) -> Blueprint:
    """Return the blueprint of the bookings' pages."""
    blueprint = Blueprint("bookings", __name__, template_folder=str(HERE.parent / "templates"))
    add_listing(blueprint, desk)
    add_placing(blueprint, desk)
    add_one(blueprint, desk)
    add_offering(blueprint, desk)

    @blueprint.context_processor
    def shown() -> dict[str, object]:
        return {"words": words, "name_of_type": lambda found: _name(desk, found)}

    return blueprint


def _name(desk: Desk, found: object) -> str:
    chinese = desk.shell.language() == "zh"
    return str(getattr(found, "name_zh" if chinese else "name_en", found))
