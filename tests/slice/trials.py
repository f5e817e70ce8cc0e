"""How each row of OPERATING.md on kept messages is tried: what earns the reason, what mends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from hub.envelope import Message
from hub.parking import Place
from tests.slice.duty import Duty
from tests.slice.duty_gateway import Gateway

Make = Callable[[Gateway], Message]
Step = Callable[[Gateway, Message], None]


def nothing(gateway: Gateway, message: Message) -> None:
    """Nothing has to be done by hand."""


def sends_it_again(gateway: Gateway, message: Message) -> None:
    """Its sender sends the same request again."""
    gateway.send(message)


@dataclass(frozen=True, slots=True)
class Trial:
    """One row and kind: ``cause`` are words of the row.

    ``message`` is what its sender means; ``provoke`` brings it, or a forgery of it, into trouble
    for real; ``mend`` does what the row says in words, before its commands; ``corrects`` is what
    is changed in a file for a correction. ``again`` is what its sender does afterwards; None
    where there is no such sender.
    """

    place: Place
    kind: str
    cause: str
    provoke: Step
    mend: Step = nothing
    message: Make = Gateway.booking
    corrects: tuple[str, str] = ("", "")
    again: Step | None = sends_it_again

    @property
    def name(self) -> str:
        """What it is called where it fails."""
        return f"{self.place.value} {self.kind}: {self.cause}"


@contextmanager
def mended_later(duty: Duty) -> Iterator[None]:
    """Have one trial leave nothing wrong for the next."""
    trusted = duty.keys.keyring
    try:
        yield
    finally:
        duty.keys.change(trusted)
        trusted.write(duty.keyring_of("evidence-1"))
        duty.hub_contracts.trouble = duty.worker_contracts.trouble = None
        duty.worker_contracts.digests = duty.mistaken = False
        duty.hub_clock.behind = timedelta()
        duty.forget()
