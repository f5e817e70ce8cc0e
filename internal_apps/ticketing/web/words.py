"""The words for codes, in English; the pages translate them."""

from internal_apps.ticketing.web.forms import sentence

STATES = {
    "HELD": sentence("Held"),
    "CONFIRMED": sentence("Confirmed"),
    "CANCELLED": sentence("Cancelled"),
    "EXPIRED": sentence("Expired"),
}
KINDS = {"INDIVIDUAL": sentence("Individual"), "GROUP": sentence("Group")}
CHANNELS = {
    "TELEPHONE": sentence("Telephone"),
    "AGENCY": sentence("Travel agencies"),
    "AGENT": sentence("Agents"),
    "OVERSEAS": sentence("Agents overseas"),
    "BANK": sentence("Bank"),
    "POST": sentence("Post offices"),
    "MOBILE": sentence("Mobile telephone shops"),
    "GATE": sentence("Gate"),
    "WEB": sentence("Website"),
}
OPERATIONS = {
    "PlaceBooking": sentence("Placed"),
    "ChangeBooking": sentence("Changed"),
    "ConfirmBooking": sentence("Confirmed"),
    "CancelBooking": sentence("Cancelled"),
}
TRIED = {
    "PlaceBooking": sentence("To be placed"),
    "ChangeBooking": sentence("To be changed"),
    "ConfirmBooking": sentence("To be confirmed"),
    "CancelBooking": sentence("To be cancelled"),
}
DONE = {
    "PlaceBooking": sentence("The booking is made and its places are held."),
    "ChangeBooking": sentence("The booking is changed."),
    "ConfirmBooking": sentence("The booking is confirmed."),
    "CancelBooking": sentence("The booking is cancelled and its places are given back."),
}
BY_OTHERS = {
    "ChangeBooking": sentence("%(name)s changed this booking while you had it open (%(time)s)."),
    "ConfirmBooking": sentence(
        "%(name)s confirmed this booking while you had it open (%(time)s)."
    ),
    "CancelBooking": sentence("%(name)s cancelled this booking while you had it open (%(time)s)."),
}
OUTCOMES = {
    "SOLD_OUT": sentence("sold out"),
    "NOT_ON_SALE": sentence("not on sale"),
    "UNKNOWN_TICKET_TYPE": sentence("no such ticket type"),
    "DAY_NOT_VALID": sentence("not good for the day"),
    "GROUP_ONLY": sentence("for groups only"),
    "QUANTITY_NOT_ALLOWED": sentence("too few or too many tickets"),
    "NO_SUCH_BOOKING": sentence("no such booking"),
    "VERSION_CONFLICT": sentence("changed by others before"),
    "HOLD_ENDED": sentence("the hold had ended"),
    "BOOKING_CLOSED": sentence("cancelled before"),
    "REFERENCE_REUSED": sentence("reference used before"),
    "REQUEST_TOO_OLD": sentence("too old"),
    "DONE": sentence("done"),
}
# Refusals after which one looks at what is left.
OF_OFFERS = frozenset({"SOLD_OUT", "NOT_ON_SALE", "DAY_NOT_VALID", "UNKNOWN_TICKET_TYPE"})
OTHER_OUTCOME = sentence("refused")
UNFINISHED = {
    "WAITING": sentence("waits"),
    "RETRIED": sentence("failed and is tried again"),
    "BEHIND": sentence("waits behind an earlier request"),
    "PARKED": sentence("kept for a person"),
    "PAUSED": sentence("kept while it is paused"),
}
PLACES = {
    "gateway": sentence("Gateway"),
    "hub": sentence("Hub"),
    "ticketing": sentence("Ticketing"),
    "staff": sentence("Staff page"),
}
OTHER_CHANNEL = sentence("Another channel")
OTHER_PLACE = sentence("Another place")
