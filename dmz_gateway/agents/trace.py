"""What is known of a request while it is answered: for the fault's form, the log, the metrics."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from adapters.soap.forms import AnswerForm
from hub.trace import CONSUMER, INTERNAL, PRODUCER, SERVER, Context, Edge, Span

UNKNOWN = "unknown"
_EDGE = Edge()


@dataclass(slots=True)
class Trace:
    """``sent``: a message may have left, so that a failure no longer means nothing happened.

    ``context`` is the span of answering it, ``follows`` what its agent says it follows,
    ``sending`` the span that the message names as its cause, ``answered_by`` what the reply
    names so.
    """

    form: AnswerForm = field(default_factory=AnswerForm)
    operation: str = UNKNOWN
    agent: str = ""
    reference: str = ""
    sign_in: str = ""
    sent: bool = False
    context: Context = field(default_factory=lambda: _EDGE.context()[0])
    follows: str = ""
    sending: Context | None = None
    answered_by: str = ""
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def passed(self, step: str, answered_by: str = "") -> None:
        """Note that ``step`` has just ended, with a reply of this trace."""
        self.steps.append((step, time.perf_counter()))
        self.answered_by = answered_by or self.answered_by

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
            "trace": self.context.trace_id,
        }
        if self.reference:
            facts["request"] = self._request()
        before = self.began
        for step, at in self.steps:
            facts[f"{step}_ms"] = round((at - before) * 1_000, 3)
            before = at
        facts["ms"] = round(self.seconds() * 1_000, 3)
        return facts

    def spans(self, code: str) -> Iterator[Span]:
        """Yield what was done for a request that is recorded, once it is answered."""
        at = {step: self._time(passed) for step, passed in self.steps}
        end = self._time(time.perf_counter())
        facts: dict[str, str | int] = {"lupu.operation": self.operation, "lupu.code": code}
        if self.reference:
            facts["lupu.request"] = self._request()

        def within(name: str, kind: str, began: datetime, ended: datetime) -> Span:
            context = self.context.child()
            return Span(name, kind, context, self.context.parent, began, ended, facts)

        yield within("", SERVER, self.began_at, end)._replace(
            name="gateway receive", context=self.context, parent=self.follows
        )
        checked = at.get("checked", end)
        yield within("gateway accept", INTERNAL, self.began_at, checked)
        if self.sending is not None and "sent" in at:
            span = within("gateway publish", PRODUCER, checked, at["sent"])
            yield span._replace(context=self.sending)
        if self.answered_by:
            span = within("gateway reply", CONSUMER, at["asked"], end)
            yield span._replace(links=(self.answered_by,))

    def _request(self) -> str:
        return f"agent:{self.agent}/{self.operation}/{self.reference}"

    def _time(self, passed: float) -> datetime:
        return self.began_at + timedelta(seconds=passed - self.began)
