"""Fixtures of the staff's pages."""

from pathlib import Path

import pytest

from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import StaffWorld, staff_world


@pytest.fixture
def world(tmp_path: Path) -> StaffWorld:
    """Offer a staff web with an empty list of bookings."""
    return staff_world(tmp_path)


@pytest.fixture
def clerk(world: StaffWorld) -> Visitor:
    """Offer a clerk who is signed in."""
    visitor = Visitor(world)
    visitor.sign_in()
    return visitor
