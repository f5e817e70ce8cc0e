"""The steps of a message's way through one place, told to a tracer when they are over."""

from datetime import datetime
from typing import NamedTuple

from hub.envelope import Message
from hub.ports import Clock
from hub.trace import Context, Span, Tracer, Untraced, is_sampled


class Step(NamedTuple):
    """A step that has begun: its span, and the ``traceparent`` of what caused it."""

    context: Context
    parent: str
    began_at: datetime
    request: str
    type: str

    def on(self, message: Message) -> Message:
        """Return the message as this step leaves it: what follows is caused by this step."""
        return message._replace(trace=self.context.parent)


class Steps:
    """Begins a step for each message that is recorded; for all others there is nothing to do."""

    def __init__(self, clock: Clock, tracer: Tracer | None = None) -> None:
        """Without a ``tracer`` nobody is told."""
        self._now = clock.now
        self._tracer = tracer or Untraced()

    def begin(self, message: Message) -> Step | None:
        """Begin a step of a message; None where it is not recorded."""
        parent = message.trace
        if not is_sampled(parent):
            return None
        context = Context.of(parent).child()
        return Step(context, parent, self._now(), str(message.id), message.type)

    def end(
        self, step: Step, name: str, kind: str, *, failed: bool = False, **facts: str | int
    ) -> None:
        """Tell of a step that is over."""
        said = {"lupu.request": step.request, "lupu.type": step.type, **facts}
        span = Span(
            name, kind, step.context, step.parent, step.began_at, self._now(), said, failed=failed
        )
        self._tracer.told(span)


def followed(message: Message, step: Step | None) -> Message:
    """Return the message as a step leaves it; as it came where it is not recorded."""
    return message if step is None else step.on(message)
