"""What is known of a request while it is answered: for the fault's form, the log, the metrics."""

import time
from dataclasses import dataclass, field

from adapters.soap.forms import AnswerForm

UNKNOWN = "unknown"


@dataclass(slots=True)
class Trace:
    """``sent``: a message may have left, so that a failure no longer means nothing happened."""

    form: AnswerForm = field(default_factory=AnswerForm)
    operation: str = UNKNOWN
    agent: str = ""
    reference: str = ""
    sign_in: str = ""
    sent: bool = False
    began: float = field(default_factory=time.perf_counter)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def passed(self, step: str) -> None:
        """Note that ``step`` has just ended."""
        self.steps.append((step, time.perf_counter()))

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.perf_counter() - self.began

    def facts(self, code: str) -> dict[str, object]:
        """Return the facts for the log: no personal data, no secrets."""
        facts: dict[str, object] = {
            "agent": self.agent,
            "operation": self.operation,
            "code": code,
            "sign_in": self.sign_in,
        }
        if self.reference:
            facts["request"] = f"agent:{self.agent}/{self.operation}/{self.reference}"
        before = self.began
        for step, at in self.steps:
            facts[f"{step}_ms"] = round((at - before) * 1_000, 3)
            before = at
        facts["ms"] = round(self.seconds() * 1_000, 3)
        return facts
