"""An agency's feed of bookings, made as it is sent: any size, the same each time."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

FEEDS = "urn:lupu:feeds:1"


def booking(reference: str, day: str, lines: int = 1, indent: int = 0) -> str:
    """Return one booking of so many lines; ``indent``: with each element on a line of its own."""
    line = f"<Line><TicketType>STANDARD</TicketType><Day>{day}</Day><Quantity>1</Quantity></Line>"
    text = (
        f"<Booking><RequestReference>{reference}</RequestReference><Kind>INDIVIDUAL</Kind>"
        f"<Contact><Name>王小明</Name><Telephone>021 5888 1234</Telephone>"
        f"</Contact><Lines>{line * lines}</Lines></Booking>"
    )
    return text.replace("><", f">\n{' ' * indent}<") if indent else text


def feed(name: str, bookings: dict[str, str]) -> bytes:
    """Return a feed of these bookings, by reference."""
    return "".join(pieces(name, bookings.items())).encode()


def pieces(name: str, bookings: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a feed piece by piece, with the totals that fit it."""
    yield f'<BookingFeed xmlns="{FEEDS}"><FeedReference>{name}</FeedReference>\n'
    digest, count = sha256(), 0
    for reference, text in bookings:
        digest.update(f"{reference}\n".encode())
        count += 1
        yield f"{text}\n"
    yield f"<Totals><Count>{count}</Count><Digest>{digest.hexdigest()}</Digest></Totals>"
    yield "</BookingFeed>"
