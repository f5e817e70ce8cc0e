"""Booking for a caller: one form is one effect, two clerks are told, no answer is lost."""

import pytest
import sqlalchemy as sa

from hub.ports import Published
from internal_apps.ticketing.tables import bookings
from tests.slice.staff_visitor import STANDARD_LINE, Visitor
from tests.slice.staff_world import StaffWorld

CONTACT = {"kind": "INDIVIDUAL", "name": "李小龙", "telephone": "021 6847 1234"}


def _count(world: StaffWorld) -> int:
    with world.database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(bookings)).scalar_one()


def test_a_booking_is_placed_confirmed_and_cancelled(clerk: Visitor) -> None:
    """The whole way of a booking on the telephone, each step told in a sentence."""
    reference = clerk.place()
    assert "The booking is made and its places are held." in clerk.text()
    assert "¥320.00" in clerk.text()
    assert "Held until 1 Jun 2010, 10:30" in clerk.text()
    clerk.send(f"/bookings/{reference}/confirm")
    assert "The booking is confirmed." in clerk.text()
    clerk.get(f"/bookings/{reference}/cancel")
    clerk.send(f"/bookings/{reference}/cancel")
    assert "cancelled and its places are given back" in clerk.text()
    assert "Confirm bookings" not in clerk.text()


def test_a_form_sent_twice_is_one_booking(world: StaffWorld, clerk: Visitor) -> None:
    """A double click sends one form twice: one booking, and the same answer both times."""
    clerk.get("/bookings/new")
    fields = {**clerk.hidden("/bookings/new"), **CONTACT, **STANDARD_LINE}
    first = clerk.post("/bookings/new", fields, follow=False)
    second = clerk.post("/bookings/new", fields, follow=False)
    assert first.headers["Location"] == second.headers["Location"]
    assert _count(world) == 1


def test_the_same_form_with_other_words_is_not_a_second_booking(
    world: StaffWorld, clerk: Visitor
) -> None:
    """A form that was sent and then altered says so, and shows what was sent first."""
    clerk.get("/bookings/new")
    fields = {**clerk.hidden("/bookings/new"), **CONTACT, **STANDARD_LINE}
    clerk.post("/bookings/new", fields)
    page = clerk.post("/bookings/new", {**fields, "name": "王小明"})
    assert page.status_code == 409
    assert "This form was sent before, with other words in it." in clerk.text()
    assert f"/sent/PlaceBooking/{fields['token']}" in page.text
    assert clerk.hidden("/bookings/new")["token"] != fields["token"]
    assert _count(world) == 1


def test_a_change_of_the_contact_keeps_prices(clerk: Visitor) -> None:
    """Lines that are not touched are not sent, so they are not priced anew."""
    reference = clerk.place()
    clerk.get(f"/bookings/{reference}/change")
    path = f"/bookings/{reference}/change"
    clerk.send(path, **{**CONTACT, "name": "欧阳娜娜"}, **STANDARD_LINE)
    assert "The booking is changed." in clerk.text()
    assert "欧阳娜娜" in clerk.text()
    clerk.get(path)
    clerk.send(path, **CONTACT, **{**STANDARD_LINE, "quantity": "3"})
    assert "¥480.00" in clerk.text()


def test_two_clerks_on_one_booking_are_told(world: StaffWorld, clerk: Visitor) -> None:
    """The second to change it sees who was quicker, loses no word, and reverts nothing."""
    reference = clerk.place()
    path = f"/bookings/{reference}/change"
    other = Visitor(world)
    other.sign_in("chen")
    clerk.get(path)
    other.get(path)
    other.send(path, **{**CONTACT, "telephone": "021 5555 0000"}, **STANDARD_LINE)
    page = clerk.send(path, **{**CONTACT, "name": "欧阳娜娜"}, **STANDARD_LINE)
    assert page.status_code == 409
    assert "陈伟 changed this booking while you had it open" in clerk.text()
    assert 'value="欧阳娜娜"' in page.text
    assert 'value="021 5555 0000"' in page.text
    typed = {"name": "欧阳娜娜", "telephone": "021 5555 0000", "kind": "INDIVIDUAL"}
    clerk.send(path, **typed, **STANDARD_LINE)
    assert "The booking is changed." in clerk.text()
    assert "021 5555 0000" in clerk.text()


def test_confirming_what_another_changed_shows_it_first(world: StaffWorld, clerk: Visitor) -> None:
    """A confirmation holds for what was on the page, never for what came after."""
    reference = clerk.place()
    other = Visitor(world)
    other.sign_in("chen")
    other.get(f"/bookings/{reference}/change")
    changed = {**STANDARD_LINE, "quantity": "9"}
    other.send(f"/bookings/{reference}/change", **CONTACT, **changed)
    page = clerk.send(f"/bookings/{reference}/confirm")
    assert page.status_code == 409
    assert "Somebody was quicker." in clerk.text()
    assert "¥1,440.00" in clerk.text()
    assert "Held" in clerk.text()
    clerk.send(f"/bookings/{reference}/confirm")
    assert "The booking is confirmed." in clerk.text()


def test_no_answer_yet_is_received_and_found_later(world: StaffWorld, clerk: Visitor) -> None:
    """The page says RECEIVED, looks again by itself, and leads to the booking when it is there."""
    world.inside.slow = True
    clerk.get("/bookings/new")
    page = clerk.send("/bookings/new", **CONTACT, **STANDARD_LINE)
    assert page.request.path.startswith("/sent/PlaceBooking/")
    assert "Received" in clerk.text()
    assert 'http-equiv="refresh"' in page.text
    assert 'http-equiv="refresh"' in clerk.get(page.request.path + "?look=3").text
    world.inside.work()
    assert clerk.get(page.request.path).request.path.startswith("/bookings/")
    assert "The booking is made" in clerk.text()


def test_a_late_refusal_keeps_what_was_typed(world: StaffWorld, clerk: Visitor) -> None:
    """A refusal that comes later says why, and the form can be opened again as it was."""
    world.inside.slow = True
    clerk.get("/bookings/new")
    wrong = {**STANDARD_LINE, "day": "2010-10-01"}
    path = clerk.send("/bookings/new", **CONTACT, **wrong).request.path
    world.inside.work()
    assert "does not admit on the day asked for" in clerk.get(path).text
    page = clerk.get(f"/bookings/new?again={path.rsplit('/', 1)[1]}")
    assert 'value="李小龙"' in page.text
    assert 'value="2010-10-01"' in page.text


@pytest.mark.parametrize(
    ("published", "said", "same"),
    [
        (Published.NOT_SENT, "This time nothing was sent.", True),
        (Published.REFUSED, "This time nothing was sent.", True),
        (Published.UNKNOWN, "It is not certain that this arrived.", True),
    ],
)
def test_a_closed_way_says_what_is_certain(
    world: StaffWorld, clerk: Visitor, published: Published, said: str, *, same: bool
) -> None:
    """Broker away: the form stays as it is, under the same token, to be sent again."""
    world.inside.published = published
    clerk.get("/bookings/new")
    token = clerk.hidden("/bookings/new")["token"]
    page = clerk.send("/bookings/new", **CONTACT, **STANDARD_LINE)
    assert page.status_code == 503
    assert said in clerk.text()
    assert (clerk.hidden("/bookings/new")["token"] == token) is same
    world.inside.published = Published.CONFIRMED
    clerk.send("/bookings/new", **CONTACT, **STANDARD_LINE)
    assert "The booking is made" in clerk.text()
    assert _count(world) == 1


def test_wrong_words_are_marked_and_not_sent(world: StaffWorld, clerk: Visitor) -> None:
    """Each field says what is wrong with it; nothing leaves."""
    clerk.get("/bookings/new")
    line = {"ticket_type": "NONE", "day": "2010-02-30", "quantity": "0"}
    typed = {"kind": "INDIVIDUAL", "name": "", "telephone": "x", "email": "x"}
    page = clerk.send("/bookings/new", **typed, **line)
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 6
    assert _count(world) == 0


def test_nothing_typed_comes_back_as_markup(clerk: Visitor) -> None:
    """A name with markup in it is shown as typed, in the form, the list and the booking."""
    name = "<script>alert(1)</script>"
    reference = clerk.place(name=name)
    for path in (f"/bookings/{reference}", "/bookings", f"/bookings/{reference}/change"):
        page = clerk.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


def test_the_longest_name_passes_whole(clerk: Visitor) -> None:
    """A hundred characters of four bytes each are stored, listed and shown."""
    name = "𠮷" * 50 + "王" * 50
    reference = clerk.place(name=name)
    assert name in clerk.get(f"/bookings/{reference}").text
    assert name in clerk.get("/bookings?q=" + name[40:60]).text


@pytest.mark.parametrize("number", ["9" * 5_000, "-1", "1e3", "٣", "00", "2"])
def test_a_line_that_is_none_is_not_taken_away(world: StaffWorld, number: str) -> None:
    """Whatever is sent as the line to take away, the form comes back as it was typed."""
    clerk = Visitor(world)
    clerk.sign_in()
    clerk.get("/bookings/new")
    lines = {"ticket_type": ["STANDARD"] * 2, "day": ["2010-06-10"] * 2, "quantity": ["1"] * 2}
    page = clerk.send("/bookings/new", kind="INDIVIDUAL", remove_line=number, **lines)
    assert page.status_code == 200
    assert page.text.count('name="quantity"') == 2
