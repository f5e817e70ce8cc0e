"""Booking references that are read aloud, written down and typed in again."""

import string

from hypothesis import given
from hypothesis import strategies as st

from internal_apps.ticketing.references import ALPHABET, LENGTH, new_reference, normal

places = st.integers(0, LENGTH - 1)


def plain(reference: str) -> str:
    """Return a reference without its hyphens."""
    return reference.replace("-", "")


@given(places, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_noticed(place: int, other: str) -> None:
    """Whatever character is misheard for whichever."""
    said = plain(new_reference())
    heard = said[:place] + other + said[place + 1 :]
    assert (normal(heard) is not None) == (heard == said)


@given(st.integers(0, LENGTH - 2))
def test_two_neighbours_swapped_are_always_noticed(place: int) -> None:
    """A slip of the typing fingers does not find another booking."""
    said = plain(new_reference())
    heard = said[:place] + said[place + 1] + said[place] + said[place + 2 :]
    assert (normal(heard) is not None) == (heard == said)


def test_however_it_is_written_it_is_the_same() -> None:
    """Small letters, spaces, other dashes and none at all."""
    reference = new_reference()
    for spelt in (reference.lower(), plain(reference), reference.replace("-", " \u2013 ")):
        assert normal(spelt) == reference


def test_what_is_none_is_none() -> None:
    """Too short, too long, letters that are never used."""
    for text in ("", "K7M2", new_reference() + "A", "0OIL-1QDS-ZGBU", "\u4e00" * 12):
        assert normal(text) is None


def test_no_two_characters_are_taken_for_each_other() -> None:
    """Of each pair that looks or sounds alike at most one is used."""
    for pair in ("0O", "0D", "OQ", "1I", "1L", "2Z", "5S", "6G", "8B", "UV"):
        assert len(set(pair) & set(ALPHABET)) < 2, pair
    assert set(ALPHABET) <= set(string.ascii_uppercase + string.digits)
    assert len(set(ALPHABET)) == 23


def test_references_do_not_repeat() -> None:
    """A thousand are a thousand."""
    assert len({new_reference() for _ in range(1_000)}) == 1_000
