"""What is wrong with a corrected document, in sentences that are translated where they are shown.

libxml2 says it in English only; what it says is taken apart here. What is not known is shown as
it was said.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from internal_apps.parking.domain import sentence


class Fault(NamedTuple):
    """A mistake: its line (0: none), a sentence to be translated, and what it names."""

    line: int
    text: str
    values: Mapping[str, str]


_ABOUT = re.compile(r"(?P<name>.*?) breaks the schema \(line \d+\): (?P<rest>.*)", re.DOTALL)
_EXPECTED = r"Expected is (?:one of )?\( (?P<names>.*) \)\."
_OF_ELEMENTS = {
    r"The value is not an element of the set \{(?P<set>.*)\}\.": sentence(
        "%(name)s must be one of %(set)s."
    ),
    r"The value is not a valid value of .*": sentence(
        "%(name)s has a value that cannot be read as what it must be."
    ),
    r"The value '.*' is less than the minimum value allowed \('(?P<bound>.*)'\)\.": sentence(
        "%(name)s must be at least %(bound)s."
    ),
    r"The value '.*' is greater than the maximum value allowed \('(?P<bound>.*)'\)\.": sentence(
        "%(name)s must be at most %(bound)s."
    ),
    r"The value is not accepted by the pattern '(?P<pattern>.*)'\.": sentence(
        "%(name)s is not written as it must be, which is %(pattern)s"
    ),
    r"The value has a length of '.*'; this underruns .* length of '(?P<bound>.*)'\.": sentence(
        "%(name)s is too short: it has at least %(bound)s characters."
    ),
    r"The value has a length of '.*'; this exceeds .* length of '(?P<bound>.*)'\.": sentence(
        "%(name)s is too long: it has at most %(bound)s characters."
    ),
    rf"Missing child element\(s\)\. {_EXPECTED}": sentence(
        "Something is missing in %(name)s: %(names)s"
    ),
    rf"This element is not expected\. {_EXPECTED}": sentence(
        "%(name)s stands where %(names)s must be."
    ),
    r"This element is not expected\.": sentence("%(name)s may not be there."),
    r"The attribute .* is not allowed\.": sentence("%(name)s may not have this attribute."),
    r"Character content other than whitespace is not allowed.*": sentence(
        "%(name)s may hold no text of its own."
    ),
    r"Element content is not allowed.*": sentence("%(name)s may hold no other element."),
}
_OF_ALL = {
    r"The document is not well-formed XML \(line (?P<at>\d+)\)\.": sentence(
        "The document is no XML: look at line %(at)s and before it."
    ),
    r"The document is not what its type says\.": sentence(
        "The document is not what its type says."
    ),
    r"The document is larger than (?P<bound>\d+) bytes\.": sentence(
        "The document is larger than %(bound)s bytes."
    ),
    r"The original cannot be read: it can be discarded only\.": sentence(
        "The original cannot be read: it can be discarded only."
    ),
    r"A date or time is outside what can be kept.*": sentence(
        "A date or time is outside what can be kept: years 1 to 9999, microseconds."
    ),
    r"(?P<name>\w+) must stay (?P<wanted>.*): it names the request\.": sentence(
        "%(name)s must stay %(wanted)s: it names the request."
    ),
}


def fault(line: int, said: str) -> Fault:
    """Return what is wrong, taken apart."""
    about = _ABOUT.fullmatch(said)
    forms, text = (_OF_ALL, said) if about is None else (_OF_ELEMENTS, about["rest"])
    for form, translated in forms.items():
        found = re.fullmatch(form, text, re.DOTALL)
        if found is not None:
            named = {} if about is None else {"name": about["name"]}
            return Fault(line, translated, {**named, **found.groupdict()})
    return Fault(line, "%(said)s", {"said": said})
