"""Mistakes with editions, to be found by the simulator."""

from collections.abc import Callable
from typing import Any

from adapters import published
from dmz_gateway import links
from tests.simulation.planting import bug

Right = Callable[..., Any]


@bug(published, "_newer", seed=223)
def _an_older_edition_is_taken_up(_right: Right) -> Right:
    return lambda *_: True


@bug(links, "opened_from", seed=223)
def _whoever_has_a_key_may_publish_an_edition(_right: Right) -> Right:
    return lambda opener, wire, route, _kind: opener.open(wire, route).wire
