"""What ``make chaos`` and ``make soak`` print: the plan of a seed, recoveries, stalls, growth."""

from random import Random
from typing import Any

from tests.chaos.figures import recoveries, stall
from tests.chaos.plan import Fault, plan
from tests.chaos.sampling import growths


def nothing(_dice: Random) -> None:
    """Do nothing."""


FAULTS = [Fault(kind, target, nothing) for kind in ("killed", "cut") for target in "abc"]


def told(*at: float, code: str = "DONE") -> list[dict[str, Any]]:
    """Return answers, each half a second after it was asked."""
    return [{"at": one, "took": 0.5, "attempt": 1, "code": code} for one in at]


def fault(kind: str, began: float, ended: float) -> dict[str, Any]:
    """Return a fault as it is recorded."""
    return {"kind": kind, "target": "x", "began": began, "ended": ended, "missed": ""}


def test_order_and_times_follow_from_the_seed() -> None:
    """The same seed is the same run; each kind comes once before any comes again."""
    first, again, other = (plan(FAULTS, 20, 60.0, seed) for seed in (7, 7, 8))

    def shown(planned: list[Any]) -> list[tuple[float, str, str, float]]:
        return [
            (one.at_seconds, one.fault.kind, one.fault.target, one.dice.random())
            for one in planned
        ]

    assert shown(first) == shown(again) != shown(other)
    assert {one.fault.kind for one in first[:2]} == {"killed", "cut"}
    assert len(first) == 20
    assert all(0 <= one.at_seconds <= 60 for one in first)


def test_recovery_is_counted_to_the_first_fresh_request_that_is_done_at_once() -> None:
    """What was asked before the end does not count; what another fault disturbs, not as alone."""
    faults = [fault("killed", 10, 12), fault("cut", 20, 22), fault("killed", 21, 24)]
    answers = [*told(5, 11, 15, 30), *told(13, code="RECEIVED")]
    found = recoveries(answers, faults)
    assert found["killed"].all == [3.5, 6.5]
    assert found["killed"].alone == [3.5, 6.5]
    assert (found["cut"].all, found["cut"].alone) == ([8.5], [])


def test_a_stall_that_outlasts_the_last_fault_is_seen() -> None:
    """The longest time without anything done, from the first fault to what is done after all."""
    assert stall(told(1, 4, 20), 0.0, 10.0) == (16.0, 4.5)


def test_growth_is_told_of_the_first_and_of_the_last_part() -> None:
    """What grew at first and then no more is shown as that."""
    samples = [(float(at), {"memory": min(at, 50.0), "queue": 0.0}) for at in range(0, 101, 5)]
    (grown,) = growths(samples)
    assert round(grown.first_slope) == 3_600
    assert round(grown.last_slope) == 0
    assert grown.last == 50.0
