"""Whoever acts on a kept message says why, and is told what is wrong with what was said."""

import pytest

from internal_apps.parking.domain import Forbidden, check_why


@pytest.mark.parametrize(
    ("why", "said"),
    [(" ", "Say why"), ("x" * 501, "500 characters"), ("bell\a", "cannot be shown")],
)
def test_what_is_wrong_with_a_reason_is_named(why: str, said: str) -> None:
    """A reason of ten characters is not called too long."""
    with pytest.raises(Forbidden, match=said):
        check_why(why)
