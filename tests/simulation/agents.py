"""Agencies that book, change, confirm, cancel and ask, repeating as impatient programs do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dmz_gateway.agents.forwarding import Request
from hub.envelope import RequestId
from hub.messages import message_type
from tests.simulation.application import FAILS, FLAKY
from tests.simulation.chaos import Plan
from tests.simulation.documents import DOCUMENTS, contact, in_other_words, lines
from tests.simulation.system import System

HTTP_SECONDS = 0.02
GIVE_UP_SECONDS = 15.0
TRIES_MAX = 6
QUESTIONS_MAX = 4
CHANGES_MAX = 4
QUANTITY_MAX = 5
AHEAD = 5
FAILING_SHARE = 0.08
# Where somebody works on what is parked.
FAILING_MORE = 0.24

NOT_YET = ("RECEIVED", "PENDING", "NOT_KNOWN_YET")
NOT_ACCEPTED = "FAULT NOT_ACCEPTED"
NO_ANSWER = ""


@dataclass(slots=True)
class Try:
    """One try of a request, or a question for its outcome, and what was told."""

    id: RequestId
    body: bytes
    is_question: bool
    asked_at: float
    code: str = NO_ANSWER
    document: bytes = b""
    gateway: object = None
    sends_max: int = 0
    told_at: float = 0.0

    def status(self) -> str:
        """Return what the answer to a question says, or else its code."""
        if not self.is_question or not self.document:
            return self.code
        return str(DOCUMENTS.values(self.document)["Status"])

    def is_final(self) -> bool:
        """Return whether the outcome itself was told."""
        return self.code not in (NO_ANSWER, *NOT_YET) and not self.code.startswith("FAULT")


@dataclass(slots=True)
class Wish:
    """One request of an agent, with all that it sends under its reference."""

    id: RequestId
    body: bytes
    tries_left: int = TRIES_MAX
    done: bool = False
    bodies: list[bytes] = field(default_factory=list)


class Agents:
    """All agents of a run. What they were told is in ``tries``."""

    def __init__(self, system: System, plan: Plan) -> None:
        self.tries: list[Try] = []
        self.wishes: list[Wish] = []
        self._system = system
        self._world = system.world
        self._plan = plan
        for number in range(plan.agents):
            for booking in range(plan.bookings):
                self._plan_booking(f"agent:{1001 + number}", f"P{booking}")

    def ask(self, request: Request, told: Callable[[Try], None]) -> None:
        """Send to some gateway; ``told`` once it answers, or not at all."""
        row = request.row
        id_ = RequestId(request.agent, row.name, request.reference)
        tried = Try(id_, request.body, row.name == "GetBooking", self._world.seconds)
        self.tries.append(tried)
        gateway = self._system.gateway()
        if gateway is None:
            tried.code = "FAULT UNREACHABLE"
            self._world.later(HTTP_SECONDS, partial(told, tried))
            return
        tried.gateway, tried.sends_max = gateway, gateway.sends_max

        def answer(code: str, document: bytes) -> None:
            if not self._system.chaos.happens("answer.lost"):
                self._world.later(self._world.delay(HTTP_SECONDS), partial(hear, code, document))

        def hear(code: str, document: bytes) -> None:
            tried.code, tried.document, tried.told_at = code, document, self._world.seconds
            self._world.trace(f"{id_} told {code}")
            told(tried)

        seconds = self._world.delay(HTTP_SECONDS)
        self._world.later(seconds, lambda: gateway.ask(request, answer), gateway)

    def request(self, wish: Wish, body: bytes) -> Request:
        """Return a wish as it reaches the gateway's forwarding."""
        row = message_type(f"{wish.id.operation}.1")
        return Request(row, row.lane, wish.id.sender, "certificate", wish.id.reference, body)

    def question(self, wish: Wish) -> Request:
        """Return the question what became of a wish."""
        named = {"Operation": wish.id.operation, "RequestReference": wish.id.reference}
        body = DOCUMENTS.write("GetBooking.1", AnswerTo=named)
        row = message_type("GetBooking.1")
        # The gateway gives queries a reference of their own; ours says which wish it is about.
        return Request(row, row.lane, wish.id.sender, "certificate", wish.id.reference, body)

    def _plan_booking(self, agent: str, placed_as: str) -> None:
        chance = self._world.random
        at, in_order = chance.random() * self._plan.seconds / 2, chance.random() < 0.5
        name = self._name()
        body = self._document("PlaceBooking", placed_as, 0, name)
        self._wish(at, agent, "PlaceBooking", placed_as, body)
        version = 1
        operations = ["ChangeBooking"] * chance.randrange(CHANGES_MAX)
        operations += [
            name for name in ("ConfirmBooking", "CancelBooking") if chance.random() < 0.4
        ]
        for number, operation in enumerate(operations):
            at += chance.random() * (5.0 if in_order else 0.2)
            asked = version
            if chance.random() < 0.1:
                asked = max(1, version + chance.choice((-1, 1, AHEAD)))
            reference = f"{placed_as}-{number}"
            body = self._document(operation, reference, asked, self._name(), placed_as)
            self._wish(at, agent, operation, reference, body)
            version += 1

    def _name(self) -> str:
        chance = self._world.random
        if chance.random() < (FAILING_MORE if self._plan.operators else FAILING_SHARE):
            return chance.choice((FAILS, FLAKY))
        return chance.choice(("Wang", "Li", "Zhao", "Chen"))

    def _document(
        self, operation: str, reference: str, version: int, name: str, placed_as: str = ""
    ) -> bytes:
        quantity = self._world.random.randint(1, QUANTITY_MAX)
        values: dict[str, Any] = {"RequestReference": reference}
        if placed_as:
            values |= {"PlacedAs": placed_as, "Version": version}
        else:
            values["Kind"] = "INDIVIDUAL"
        if operation in ("PlaceBooking", "ChangeBooking"):
            values |= {"Contact": contact(name), "Lines": lines(quantity)}
        return DOCUMENTS.write(f"{operation}.1", **values)

    def _wish(self, at: float, agent: str, operation: str, reference: str, body: bytes) -> None:
        wish = Wish(RequestId(agent, operation, reference), body)
        self.wishes.append(wish)
        chance = self._world.random
        self._world.later(at, partial(self._try, wish))
        if chance.random() < 0.3:
            self._world.later(at + chance.random(), partial(self._try, wish))
        if chance.random() < 0.3:
            self._world.later(at + 20 * chance.random(), partial(self._question, wish))
        if chance.random() < 0.2:
            self._plan_other(wish, at)

    def _plan_other(self, wish: Wish, at: float) -> None:
        """Use the reference for other values too, before, beside or after the first."""
        chance = self._world.random
        other = _other(wish)
        for _ in range(chance.randint(1, 3)):
            seconds = max(0.0, at + 15 * chance.random() - 2)
            self._world.later(seconds, partial(self._send, wish, other))

    def _try(self, wish: Wish) -> None:
        if wish.tries_left == 0 or self._system.chaos.ended:
            return
        wish.tries_left -= 1
        again = in_other_words(wish.body) if self._world.random.random() < 0.2 else wish.body
        self._send(wish, again)
        self._world.later(GIVE_UP_SECONDS, partial(self._try_unless_done, wish))

    def _send(self, wish: Wish, body: bytes) -> None:
        if not self._system.chaos.ended:
            if body not in wish.bodies:
                wish.bodies.append(body)
            self.ask(self.request(wish, body), partial(self._told, wish))

    def _try_unless_done(self, wish: Wish) -> None:
        if not wish.done:
            self._try(wish)

    def _told(self, wish: Wish, tried: Try) -> None:
        chance = self._world.random
        if not tried.is_final():
            self._world.later(5 * chance.random(), partial(self._try_unless_done, wish))
            return
        wish.done = True
        if chance.random() < 0.4:
            self._world.later(80 * chance.random(), partial(self._try, wish))
        if chance.random() < 0.4:
            self._world.later(5 * chance.random(), partial(self._question, wish))

    def _question(self, wish: Wish, left: int = QUESTIONS_MAX) -> None:
        if not self._system.chaos.ended:
            self.ask(self.question(wish), partial(self._poll, wish, left - 1))

    def _poll(self, wish: Wish, left: int, tried: Try) -> None:
        """Ask again until the outcome is told."""
        if left and tried.status() in (NO_ANSWER, *NOT_YET):
            seconds = 4 * self._world.random.random()
            self._world.later(seconds, partial(self._question, wish, left))


def _other(wish: Wish) -> bytes:
    """Return a document with other values under the same reference."""
    values = dict(DOCUMENTS.values(wish.body))
    if "Contact" in values:
        values["Contact"] = contact("Qian")
    else:
        values["Version"] = values["Version"] + 1
    return DOCUMENTS.write(f"{wish.id.operation}.1", **values)
