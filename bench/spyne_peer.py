"""The same operation in spyne: sign-in by password, validation, an answer; nothing published.

Served by the same WSGI server as the gateway, on a unix socket too; runs in an environment of
its own, for spyne's needs are not ours.
"""

import hashlib
import hmac
import sys
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from spyne import (  # type: ignore[import-not-found]
    Application,
    ComplexModel,
    Date,
    Fault,
    Integer,
    ServiceBase,
    Unicode,
    rpc,
)
from spyne.protocol.soap import Soap11  # type: ignore[import-not-found]
from spyne.server.wsgi import WsgiApplication  # type: ignore[import-not-found]

TICKETING = "urn:lupu:ticketing:1"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SALT = b"spyne"


class UsernameToken(ComplexModel):  # type: ignore[misc]
    """A name and a password."""

    __namespace__ = WSSE
    Username = Unicode
    Password = Unicode


class Security(ComplexModel):  # type: ignore[misc]
    """The WS-Security header."""

    __namespace__ = WSSE
    UsernameToken = UsernameToken


class Contact(ComplexModel):  # type: ignore[misc]
    """Who books."""

    __namespace__ = TICKETING
    _type_info = (
        ("Name", Unicode(min_len=1, max_len=100, min_occurs=1)),
        ("Telephone", Unicode(pattern=r"\+?[0-9 ()\-]{4,30}", min_occurs=1)),
        ("Email", Unicode(pattern=r"[^@\s]{1,64}@[^@\s]{1,180}")),
    )


class Line(ComplexModel):  # type: ignore[misc]
    """So many of one kind for one day."""

    __namespace__ = TICKETING
    _type_info = (
        ("TicketType", Unicode(pattern=r"[A-Z][A-Z0-9_]{1,29}", min_occurs=1)),
        ("Day", Date(min_occurs=1)),
        ("Quantity", Integer(ge=1, le=9999, min_occurs=1)),
    )


class Lines(ComplexModel):  # type: ignore[misc]
    """Up to twenty lines."""

    __namespace__ = TICKETING
    _type_info = (("Line", Line.customize(min_occurs=1, max_occurs=20)),)


class PlaceBooking(ComplexModel):  # type: ignore[misc]
    """What is asked."""

    __namespace__ = TICKETING
    _type_info = (
        ("RequestReference", Unicode(pattern=r"[A-Za-z0-9._:\-]{1,64}", min_occurs=1)),
        ("Kind", Unicode(values=["INDIVIDUAL", "GROUP"], min_occurs=1)),
        ("Contact", Contact.customize(min_occurs=1)),
        ("Lines", Lines.customize(min_occurs=1)),
    )


class BookingAnswer(ComplexModel):  # type: ignore[misc]
    """What is answered."""

    __namespace__ = TICKETING
    _type_info = (
        ("Status", Unicode),
        ("RequestReference", Unicode),
        ("AskAgainSeconds", Integer),
    )


def _service(agent: str, password: str) -> type[ServiceBase]:
    verifiers = {agent: hmac.digest(SALT, password.encode(), hashlib.sha256)}

    class Bookings(ServiceBase):  # type: ignore[misc]
        __in_header__ = Security

        @rpc(PlaceBooking, _returns=BookingAnswer, _body_style="bare")  # type: ignore[untyped-decorator, unused-ignore]
        def PlaceBooking(ctx: Any, booking: Any) -> Any:  # noqa: N802, N805  as spyne wants it
            token = ctx.in_header.UsernameToken
            given = hmac.digest(SALT, token.Password.encode(), hashlib.sha256)
            if not hmac.compare_digest(given, verifiers.get(token.Username, b"")):
                raise Fault("Client.Authentication", "The sign-in failed.")
            return BookingAnswer(
                Status="RECEIVED",
                RequestReference=booking.RequestReference,
                AskAgainSeconds=5,
            )

    return Bookings


def main(socket: Path, agent: str, password: str) -> None:
    """Serve on ``socket`` until ended."""

    def application() -> WsgiApplication:
        soap = Soap11(validator="lxml")
        service = _service(agent, password)
        return WsgiApplication(
            Application([service], TICKETING, in_protocol=soap, out_protocol=Soap11())
        )

    Granian(
        "spyne_peer",
        interface=Interfaces.WSGI,
        uds=socket,
        workers=1,
        blocking_threads=1,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    ).serve(target_loader=lambda *_: application(), wrap_loader=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
