"""What the mechanics say in English is taken apart for a page that says it in Chinese."""

import pytest

from adapters.quarantine import shelf
from hub import parked, parking, replaying
from internal_apps.parking.web.sayings import fault, why
from internal_apps.saying import said


@pytest.mark.parametrize("module", [shelf, parked, parking, replaying])
def test_every_reason_why_something_was_not_done_has_its_form(module: object) -> None:
    """A sentence that is added to the shelves is added to the pages too."""
    values = [*vars(module).values(), *(why for _, why in getattr(module, "_ENDS", {}).values())]
    sentences = [one for one in values if isinstance(one, str) and one.endswith(".")]
    spoken = [one for one in sentences if one != module.__doc__ and "\n" not in one]
    assert spoken
    for one in spoken:
        assert why(one).known, one
        assert why(f"NotAllowed: {one}").text == why(one).text


def test_what_stands_in_a_form_is_kept() -> None:
    """Numbers and names come out as they went in; what fits no form stays whole."""
    found = fault("Entries 3 to 12 are gone.")
    assert found.text % found.values == "Entries 3 to 12 are gone."
    assert found.values == {"first": "3", "last": "12"}
    assert said("100 % new (x)", ["old"]) == ("%(said)s", {"said": "100 % new (x)"}, False)
    assert why("NotAllowed: 100 % new.").values["said"] == "NotAllowed: 100 % new."
