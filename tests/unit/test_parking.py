"""Why a message is kept is one word by which lists group, and a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import InvalidBody, NotAllowed
from hub.parking import OTHER, REASON_CHARACTERS_MAX, Reason, kinds


def test_a_reason_is_the_class_of_its_error_and_its_sentence() -> None:
    """What is kept as text is read back as it was."""
    reason = Reason.of(InvalidBody("Line 3: no such day."))
    assert reason == ("InvalidBody", "Line 3: no such day.")
    assert str(reason) == "InvalidBody: Line 3: no such day."
    assert Reason.read(str(reason)) == reason


def test_an_error_of_an_adapter_is_of_the_kind_that_the_hub_knows() -> None:
    """How XML is broken is not another kind for every parser; what is foreign names itself."""

    class Unparsed(InvalidBody):
        """An adapter's own."""

    assert Reason.of(Unparsed("x")).kind == "InvalidBody"
    assert Reason.of(ZeroDivisionError("x")).kind == "ZeroDivisionError"


def test_a_long_sentence_is_cut() -> None:
    """A reason has its bound, whatever a stranger made the error say."""
    cut = str(Reason.of(NotAllowed("x" * 10_000)))
    assert len(cut) == REASON_CHARACTERS_MAX
    assert Reason.read(cut).kind == "NotAllowed"


@pytest.mark.parametrize("text", ["", "no kind", "a b: c", ": c", "It broke: badly", "9: x"])
def test_text_that_names_no_kind_is_of_the_kind_other(text: str) -> None:
    """Whatever lies there can be listed."""
    assert Reason.read(text) == (OTHER, text)


@given(st.text(max_size=400))
def test_any_text_is_a_reason(text: str) -> None:
    """Reading never fails, and no sentence is lost."""
    assert text.endswith(Reason.read(text).sentence)


def test_the_kinds_are_the_classes_of_what_never_works() -> None:
    """Each class that a guard or a worker raises is one, the root is none."""
    assert {"InvalidBody", "NotAllowed", "GuardBroken", "Unkept"} <= set(kinds())
    assert "NeverWorks" not in kinds()
