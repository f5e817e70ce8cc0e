"""Whoever corrects a document reads in the own language what is wrong with it."""

import re

import pytest

from adapters.xml import Schemas
from hub.errors import NeverWorks
from hub.messages import message_type
from internal_apps.parking.web.faults import fault
from tests.unit.agents_world import place

ELEMENT = message_type("PlaceBooking.1").element
SCHEMAS = Schemas()
WRONG = [
    (">INDIVIDUAL<", ">NOBODY<", "must be one of"),
    (">2<", ">two<", "cannot be read"),
    (">2<", ">0<", "at least"),
    (">2<", ">10000<", "at most"),
    ("021 5888 1234", "no number", "not written as it must be"),
    ("王小明", "", "too short"),
    ("王小明", "王" * 1_000, "too long"),
    ("<t:Telephone>021 5888 1234</t:Telephone>", "", "is missing"),
    ("<t:Quantity>", "<t:More/><t:Quantity>", "stands where Quantity must be"),
    ("</t:Lines>", "</t:Lines><t:More/>", "may not be there"),
    ("<t:Lines>", '<t:Lines a="1">', "attribute"),
    ("</t:Lines>", "words</t:Lines>", "no text of its own"),
    ("王小明", "<t:More/>", "no other element"),
    ("</t:PlaceBooking>", "", "no XML"),
    ("PlaceBooking", "GetBooking", "not what its type says"),
    ("2010-05-05", "0000-05-05", "cannot be read"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_each_mistake_is_said_in_a_sentence_that_is_translated(
    right: str, wrong: str, said: str
) -> None:
    """Whatever libxml2 finds in the real contract is known: nothing is left in its English."""
    body = place().replace(right, wrong).encode()
    try:
        found = SCHEMAS.faults(ELEMENT, body)
    except NeverWorks as error:
        found = [(0, str(error))]
    faults = [fault(*one) for one in found]
    assert faults
    assert said in faults[0].text % faults[0].values
    for one in faults:
        assert one.text != "%(said)s", one
        assert set(re.findall(r"%\((\w+)\)s", one.text)) == set(one.values)


def test_what_is_not_known_is_said_as_it_was() -> None:
    """Of a libxml2 of another version, say: in English rather than not at all."""
    one = fault(3, "A mistake of 100 % a new kind.")
    assert one.text % one.values == "A mistake of 100 % a new kind."
