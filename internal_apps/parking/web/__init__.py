"""The pages of parking: what is wrong, since when, what to do, done.

They know the shell around them only by ``internal_apps.showing``; what they do is done by the
``Interventions`` that the commands use too.
"""

from pathlib import Path

from flask import Blueprint

from internal_apps.parking.domain import sentence
from internal_apps.parking.web import sayings, words
from internal_apps.parking.web.approvals import add_approvals
from internal_apps.parking.web.correcting import add_correcting
from internal_apps.parking.web.desk import SEE, Desk
from internal_apps.parking.web.listing import add_listing
from internal_apps.parking.web.one import add_one
from internal_apps.parking.web.stopping import add_stopping

HERE = Path(__file__).parent
TRANSLATIONS = HERE.parent / "translations"

# Text, view and permission of each entry that the shell's menu shows.
MENU = (
    (sentence("Kept messages"), "kept.listing", SEE),
    (sentence("Traffic"), "kept.traffic", SEE),
)


def kept_pages(desk: Desk) -> Blueprint:
    """Return the blueprint of the pages of kept messages."""
    blueprint = Blueprint("kept", __name__, template_folder=str(HERE.parent / "templates"))
    add_listing(blueprint, desk)
    add_one(blueprint, desk)
    add_correcting(blueprint, desk)
    add_approvals(blueprint, desk)
    add_stopping(blueprint, desk)

    @blueprint.context_processor
    def shown() -> dict[str, object]:
        return {
            "words": words,
            "sayings": sayings,
            "typed_why": desk.why,
            "age_of": lambda at: words.age(at, desk.clock.now()),
            "name_of": desk.shell.name_of,
        }

    return blueprint
