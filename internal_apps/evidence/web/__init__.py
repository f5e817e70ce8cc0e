"""The page of evidence: whether anything was lost, since when, and what to do about it."""

from pathlib import Path

from flask import Blueprint

from internal_apps.evidence.web import words
from internal_apps.evidence.web.desk import SEE, Desk
from internal_apps.evidence.web.proving import add_proving
from internal_apps.evidence.web.words import sentence

HERE = Path(__file__).parent
TRANSLATIONS = HERE.parent / "translations"

# Text, view and permission of the entry that the shell's menu shows.
MENU = ((sentence("Evidence"), "evidence.proof", SEE),)


def evidence_pages(desk: Desk) -> Blueprint:
    """Return the blueprint of evidence's page."""
    blueprint = Blueprint("evidence", __name__, template_folder=str(HERE.parent / "templates"))
    add_proving(blueprint, desk)

    @blueprint.context_processor
    def shown() -> dict[str, object]:
        return {"words": words}

    return blueprint
