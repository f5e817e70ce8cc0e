"""Sentences that the mechanics say in English, taken apart so that a page can say them in Chinese.

``hub`` and ``adapters`` know no languages, and a log or a report says the same to everybody. A
page that shows such a sentence lists its form, as the catalogue has it: ``%(number)s`` stands for
whatever is there. What fits no form is shown as it was said.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_PLACE = re.compile(r"%\((\w+)\)s")


class Said(NamedTuple):
    """A form to be translated, and what stands at its places; ``known`` if it is one."""

    text: str
    values: Mapping[str, str]
    known: bool = True


def said(text: str, forms: Iterable[str]) -> Said:
    """Return a sentence taken apart by the first form that it fits."""
    for form in forms:
        found = _pattern(form).fullmatch(text)
        if found is not None:
            return Said(form, found.groupdict())
    return Said("%(said)s", {"said": text}, known=False)


@functools.cache
def _pattern(form: str) -> re.Pattern[str]:
    # Words and names of places take turns.
    words = _PLACE.split(form)
    parts = [f"(?P<{one}>.+?)" if at % 2 else re.escape(one) for at, one in enumerate(words)]
    return re.compile("".join(parts), re.DOTALL)
