"""What is typed at the staff's pages: passwords, days, numbers, references read aloud."""

from datetime import date
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import SettingsError
from internal_apps.staff.passwords import Passwords, generate
from internal_apps.staff.settings import Staff
from internal_apps.ticketing.references import ALPHABET
from internal_apps.ticketing.web.forms import BookingForm, LineFields, read_day, read_form
from internal_apps.ticketing.web.read_aloud import read_aloud

TYPES = ["STANDARD", "PEAK"]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_a_password_is_known_again_and_no_other() -> None:
    """Right is right, wrong is wrong, and an unknown account is always wrong."""
    passwords = Passwords(CHEAP)
    stored = passwords.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "correct horse battery")
    assert not passwords.verify(stored, "correct horse batterz")
    assert not passwords.verify(None, "correct horse battery")
    assert not passwords.verify("not a hash", "x")


@pytest.mark.parametrize("password", ["short", "x" * 201])
def test_passwords_have_a_length(password: str) -> None:
    """Too short is guessed, too long is work for nothing."""
    with pytest.raises(ValueError, match="12 to 200"):
        Passwords(CHEAP).hash(password)


def test_made_passwords_are_long_and_differ() -> None:
    """Four groups of five from 31 letters and digits, none like another."""
    made = {generate() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) == 23 and not set(password) & set("01ilo") for password in made)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2010-05-01", date(2010, 5, 1)),
        ("2010/5/1", date(2010, 5, 1)),
        ("20100501", date(2010, 5, 1)),
        ("2010年5月1日", date(2010, 5, 1)),
        ("2010 年 5 月 1 日", date(2010, 5, 1)),
        ("2010-02-30", None),
        ("05/01/2010", None),
        ("", None),
        ("2010-13-01x", None),
    ],
)
def test_days_are_read_the_ways_they_are_written(text: str, day: date | None) -> None:
    """Year first, in either script; what could be two days is refused."""
    assert read_day(text) == day


def test_full_width_digits_are_digits() -> None:
    """What a Chinese input method types in full width is taken as it is meant."""
    typed = "０２１－６８４７１２３４"  # noqa: RUF001  that is the point
    fields = {
        "name": [" 王  小明 "],
        "telephone": [typed],
        "ticket_type": ["STANDARD"],
        "day": ["２０１０-06-10"],  # noqa: RUF001
        "quantity": ["２"],  # noqa: RUF001
    }
    form = read_form(fields, "t" * 22)
    assert form.is_right(TYPES), (form.errors, form.lines)
    assert form.contact() == {"Name": "王 小明", "Telephone": "021-68471234"}
    assert form.wanted()["Line"] == [
        {"TicketType": "STANDARD", "Day": date(2010, 6, 10), "Quantity": 2}
    ]


@given(st.dictionaries(st.sampled_from(["name", "day", "quantity", "was"]), st.lists(st.text())))
def test_whatever_is_typed_is_read_without_an_error(fields: dict[str, list[str]]) -> None:
    """No input, however odd, breaks the reading of a form; at worst it is marked as wrong."""
    form = read_form({**fields, "ticket_type": ["STANDARD"]}, "t" * 22)
    form.is_right(TYPES)
    form.bring_up_to_date(BookingForm("x"))


def test_empty_lines_are_left_out() -> None:
    """A line in which nothing was chosen asks for nothing; the last one stays to be filled."""
    blank = LineFields(quantity="1")
    full = LineFields("PEAK", "2010-10-01", "1")
    form = BookingForm("t", name="王", telephone="12345", lines=[blank, full, blank])
    assert form.is_right(TYPES)
    assert form.lines == [full]
    assert not BookingForm("t", name="王", telephone="12345", lines=[blank]).is_right(TYPES)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_character_of_a_reference_has_a_word_of_its_own(language: str) -> None:
    """No two characters of a reference are said alike."""
    (spoken,) = read_aloud(ALPHABET, language)
    words = [one.word for one in spoken]
    assert len(set(words)) == len(ALPHABET)
    assert all(one.word != one.character for one in spoken)


def test_references_are_read_in_groups() -> None:
    """Twelve characters come as three groups of four."""
    groups = read_aloud("K7M2-QX9R-TA4C", "en")
    assert [len(group) for group in groups] == [4, 4, 4]
    assert [one.word for one in groups[0]] == ["Kilo", "seven", "Mike", "two"]


def test_it_listens_on_a_socket_or_on_loopback_only() -> None:
    """Both places, none, or one that others could reach: a sentence, and nothing starts."""
    for right in (Staff(port=8000), Staff(socket=Path("/run/staff-1.sock"))):
        right.check()
        right.check_listens()
    for wrong in (Staff(), Staff(port=8000, socket=Path("/run/staff-1.sock"))):
        with pytest.raises(SettingsError, match=r"\[staff\]"):
            wrong.check_listens()
    with pytest.raises(SettingsError, match="loopback"):
        Staff(host="0.0.0.0", port=8000).check()  # noqa: S104  that is the point
