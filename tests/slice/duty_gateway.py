"""What comes to a bridge at which somebody is on duty: by a gateway, honest or not."""

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta

from adapters.clock import SystemClock
from adapters.xml import Schemas, parse
from dmz_gateway.books.book import Book
from dmz_gateway.books.pages import Pages
from dmz_gateway.replies import Asked
from hub.envelope import Message, RequestId, Transmission, Wire, to_wire
from hub.messages import INWARD_EXCHANGE, REPLIES_EXCHANGE, TICKETING, Lane
from hub.ports import Address, Published
from tests.slice.duty import OPENING, Duty
from tests.unit.agents_world import proof
from tests.unit.hub_world import CountedMetrics
from tests.unit.soap_signing import Signer, signer

GATEWAY, BOOT = "gateway-1", "b00t"
REPLIES = f"replies.{GATEWAY}.{BOOT}"
VISIT: date = OPENING + timedelta(days=10)
BOOK_BYTES_MAX = 1_000_000
SIGNER: Signer = signer(starts=datetime.now(UTC))
_NUMBERS = itertools.count(1)
_SCHEMAS = Schemas()


class Asking:
    """Takes the page that a book sends, to be sent by the test."""

    message: Message | None = None

    def ask(self, message: Message, lane: Lane, wait_seconds: float) -> Asked:
        """Keep what is asked."""
        del lane, wait_seconds
        self.message = message
        return Asked(Published.NOT_SENT)


class Gateway:
    """Sends as gateway-1, and hears what is answered to it."""

    def __init__(self, duty: Duty) -> None:
        self.duty = duty
        self._answers: list[tuple[str, str]] = []
        duty.outside.declare(REPLIES)
        duty.outside.bind(REPLIES_EXCHANGE, REPLIES, REPLIES)

    def booking(self, agency: str = "1001") -> Message:
        """Return a booking that an agency has never sent before."""
        number = next(_NUMBERS)
        reference = f"N-{number}"
        body = (
            f'<t:PlaceBooking xmlns:t="{TICKETING}"><t:RequestReference>{reference}'
            "</t:RequestReference><t:Kind>INDIVIDUAL</t:Kind><t:Contact><t:Name>王小明</t:Name>"
            "<t:Telephone>021 5888 1234</t:Telephone></t:Contact><t:Lines><t:Line>"
            f"<t:TicketType>STANDARD</t:TicketType><t:Day>{VISIT}</t:Day>"
            "<t:Quantity>2</t:Quantity></t:Line></t:Lines></t:PlaceBooking>"
        )
        return Message(
            type="PlaceBooking.1",
            id=RequestId(f"agent:{agency}", "PlaceBooking", reference),
            transmission=Transmission(GATEWAY, BOOT, number),
            accepted_at=datetime.now(UTC),
            body=body.encode(),
            reply_to=REPLIES,
            sign_in="password",
        )

    def page(self) -> Message:
        """Return the first page of a new book, signed."""
        number, asking = next(_NUMBERS), Asking()
        folder = self.duty.folder / f"books-{number}"
        book = Book(
            folder,
            GATEWAY,
            f"b{number}",
            clock=SystemClock(),
            metrics=CountedMetrics(),
            bytes_max=BOOK_BYTES_MAX,
        )
        Pages(
            book,
            asking,
            schemas=_SCHEMAS,
            clock=SystemClock(),
            metrics=CountedMetrics(),
            sequence=lambda: number,
            wait_seconds=0,
            kept_days=1,
            signs=self.duty.keys.of(GATEWAY).signer,
        ).turn()
        assert asking.message is not None
        return asking.message._replace(
            transmission=Transmission(GATEWAY, BOOT, number), reply_to=REPLIES
        )

    def seal(self, message: Message) -> Wire:
        """Return a message as gateway-1 seals it."""
        return self.duty.keys.seal(to_wire(message, account=GATEWAY))

    def publish(self, wire: Wire) -> None:
        """Publish to the hub, as the account that the wire names."""
        to = Address(INWARD_EXCHANGE, Lane.REQUESTS.value)
        assert self.duty.outside.route(to, wire.user_id, wire) is Published.CONFIRMED

    def send(self, message: Message) -> None:
        """Seal and publish; each time another transmission."""
        again = Transmission(GATEWAY, BOOT, next(_NUMBERS))
        self.publish(self.seal(message._replace(transmission=again)))

    def brought(self, message: Message, account: str = "hub-1", **changes: object) -> None:
        """Publish on the inside broker what a hub has let through, or says so."""
        crossed = hashlib.sha256(message.body).hexdigest() if account == "hub-1" else ""
        wire = to_wire(message._replace(crossed=crossed), account=account)
        to = Address(INWARD_EXCHANGE, "ticketing.requests")
        taken = self.duty.inside.route(to, account, wire._replace(**changes))  # type: ignore[arg-type]
        assert taken is Published.CONFIRMED

    def answers(self, request: str) -> list[str]:
        """Return the codes of all that was answered to a request."""
        for wire in self.duty.outside.take_all(REPLIES):
            opened = self.duty.keys.opened(wire)
            values = _SCHEMAS.values(parse(opened.body))
            code = values["Code"] if opened.type == "Refused.1" else "DONE"
            self._answers.append((opened.message_id, str(code)))
        return [code for name, code in self._answers if name == request]


def signed(message: Message, by: Signer = SIGNER) -> Message:
    """Return a request as its agency signed it."""
    now = datetime.now(UTC)
    return message._replace(
        proof=proof(message.body.decode(), by, created=now), sign_in="signature"
    )
