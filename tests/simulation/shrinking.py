"""A failing run made smaller, and told so that it can be run again exactly."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from tests.simulation.chaos import Plan
from tests.simulation.run import Result, simulate

TRIES_MAX = 150
LINES_MAX = 400
_READERS: Mapping[str, Callable[[str], Any]] = {
    "kinds": lambda value: frozenset(value.split("+")) - {""},
    "aim": str,
    "seconds": float,
}


def shrunk(result: Result, tries_max: int = TRIES_MAX) -> Result:
    """Return the smallest run found that still fails; the same one where none is smaller."""
    tried, progress = 0, True
    while progress and tried < tries_max:
        progress = False
        for plan in result.plan.smaller():
            if tried >= tries_max:
                break
            tried += 1
            again = simulate(plan.seed, plan)
            if again.faults:
                result, progress = again, True
                break
    return result


def written(plan: Plan) -> str:
    """Return a plan as ``read`` takes it."""
    values = {entry.name: getattr(plan, entry.name) for entry in fields(plan)}
    values["kinds"] = "+".join(sorted(plan.kinds))
    return ",".join(f"{name}={value}" for name, value in values.items() if name != "seed")


def read(seed: int, text: str) -> Plan:
    """Read what ``written`` wrote."""
    values: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        values[name] = _READERS.get(name, int)(value)
    return Plan(seed=seed, **values)


def told(result: Result) -> str:
    """Return the trace, what is broken, and the command that shows it again."""
    plan = result.plan
    trace = result.lines
    if len(trace) > LINES_MAX:
        left_out = len(trace) - LINES_MAX
        half = LINES_MAX // 2
        trace = [*trace[:half], f"... {left_out} lines ...", *trace[-half:]]
    return "\n".join(
        [
            *trace,
            f"seed {plan.seed} breaks a promise:",
            *(f"  {fault}" for fault in result.faults),
            f"again: make simulate SEED={plan.seed} PLAN='{written(plan)}'",
        ]
    )
