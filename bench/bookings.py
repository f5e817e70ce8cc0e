"""Real PlaceBooking messages, padded to 2 kB as SOAP stacks do: long names, indented."""

from datetime import UTC, datetime
from functools import lru_cache

from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import TICKETING, reply_queue
from hub.trace import Edge

BODY_BYTES = 2_048
BOOT = "bench"
LINES = 3
LINES_MANY = 16
NAME = "\U00020021" * 100
EMAIL = "g" * 64 + "@" + "a" * 150 + ".example"
_REFERENCE = "R" * 64


@lru_cache(maxsize=4)
def body(lines: int = LINES, reference: str = _REFERENCE) -> bytes:
    """Return a valid document of BODY_BYTES or a little more.

    With few lines: the longest names that the contract takes. With many: short ones.
    """
    few = lines == LINES
    name, email = (NAME, EMAIL) if few else ("Li Ming", "li@agency.example")
    spaces = 0
    while len(text := _document(reference, name, email, lines, spaces)) < BODY_BYTES:
        spaces += 1
    return text


def wire(number: int, account: str, lines: int = LINES) -> Wire:
    """Return the ``number``-th booking as the gateway ``account`` publishes it."""
    reference = f"B-{number:062}"
    message = Message(
        type="PlaceBooking.1",
        id=RequestId("agent:1001", "PlaceBooking", reference),
        transmission=Transmission(account, BOOT, number),
        accepted_at=datetime.now(UTC),
        body=body(lines).replace(_REFERENCE.encode(), reference.encode()),
        reply_to=reply_queue(account, BOOT),
        sign_in="password",
        trace=Edge().context()[0].parent,
    )
    return to_wire(message.passed(account, message.accepted_at), account=account)


def _document(reference: str, name: str, email: str, lines: int, spaces: int) -> bytes:
    elements = [
        f'<PlaceBooking xmlns="{TICKETING}">',
        f"<RequestReference>{reference}</RequestReference>",
        *("<Kind>GROUP</Kind>", "<Contact>", f"<Name>{name}</Name>"),
        *("<Telephone>+86 21 5555 0100</Telephone>", f"<Email>{email}</Email>"),
        *("</Contact>", "<Lines>"),
    ]
    for number in range(lines):
        elements += (
            *("<Line>", "<TicketType>STANDARD</TicketType>"),
            f"<Day>2010-05-{4 + number:02}</Day>",
            *(f"<Quantity>{1 + number % 9}</Quantity>", "</Line>"),
        )
    elements += ("</Lines>", "</PlaceBooking>")
    between = "\n" + " " * spaces if spaces else ""
    return between.join(elements).encode()
