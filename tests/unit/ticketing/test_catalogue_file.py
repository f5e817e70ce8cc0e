"""A catalogue that cannot be is refused in one sentence that names the place."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from hub.errors import SettingsError
from internal_apps.ticketing.catalogue_file import CatalogueFile
from internal_apps.ticketing.loading import EXPO_2010, Sample
from lupu.exits import Exit

TEXT = EXPO_2010.read_text("utf-8")
WRONG = {
    "no TOML": ("[[kinds]]", "[[kinds]", r"is not TOML: .*line"),
    "a missing entry": ('name_zh = "夜票"\n', "", r"`name_zh` - at `\$.ticket_types\[6\]`"),
    "a misspelt entry": ("visits = 3", "visit = 3", r"`visit` - at `\$.admissions\[3\]`"),
    "a misspelt list": ("[[quotas]]", "[[quota]]", r"`quota`"),
    "another type": ("capacity = 15000", 'capacity = "15000"', r"\$.quotas\[6\].capacity"),
    "no date": ("opening = 2010-05-01", "opening = 1", r"`date`.* at `\$.opening`"),
    "a date with a time": (
        "closing = 2010-10-31",
        "closing = 2010-10-31T00:00:00Z",
        r"\$.closing",
    ),
    "no hour": ('"17:00"', '"5 pm"', r"\$.admissions\[5\].admission_from"),
    "an hour that is none": ('"17:00"', '"9:00"', r"\$.admissions\[5\].admission_from"),
    "a time without zone": (
        "from = 2010-09-01T00:00:00+08:00",
        "from = 2010-09-01T00:00:00",
        r"timezone.* at `\$.sale_stops\[0\].from`",
    ),
    "another class of day": ('"PEAK"\nsource', '"PEEK"\nsource', r"\$.admissions\[1\].day_class"),
    "a price below nothing": ("PEAK = 170", "PEAK = -170", r"\$.phases\[1\].yuan"),
    "a ticket type that is none": ("{ STANDARD = 130 }", "{ STANDART = 130 }", "STANDART is none"),
    "one code twice": ('code = "EVENING"', 'code = "STANDARD"', "two ticket_types .* STANDARD"),
    "the end before the beginning": (
        "closing = 2010-10-31",
        "closing = 2010-04-01",
        "closing lies before",
    ),
    "a thousand years": ("closing = 2010-10-31", "closing = 3010-10-31", "more than 3660 days"),
    "more at least than at most": ("quantity_max = 20", "quantity_max = 0", "quantity_max"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Offer a place for a catalogue."""
    return tmp_path / "catalogue.toml"


@pytest.mark.parametrize(("good", "bad", "said"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_is_named_with_its_place(
    file: Path, good: str, bad: str, said: str
) -> None:
    """One sentence: the file, where in it, and what is wrong."""
    assert good in TEXT
    file.write_text(TEXT.replace(good, bad), "utf-8")
    with pytest.raises(SettingsError, match=said) as caught:
        CatalogueFile.read(file)
    sentence = str(caught.value)
    assert sentence.startswith(str(file))
    assert sentence.count("\n") == 0
    assert sentence.endswith(".")


def test_a_file_that_is_no_text_or_not_there_is_refused(file: Path) -> None:
    """Bytes of anything else are no catalogue."""
    with pytest.raises(SettingsError, match="cannot be read"):
        CatalogueFile.read(file)
    file.write_bytes(bytes(range(256)))
    with pytest.raises(SettingsError, match="is not TOML"):
        CatalogueFile.read(file)


def test_every_date_moves_with_the_opening_and_not_beyond_the_calendar() -> None:
    """The same event in another year; one that the calendar cannot hold is refused."""
    moved = CatalogueFile.read(EXPO_2010, date(2011, 5, 1))
    assert (moved.closing, moved.peak_days[0]) == (date(2011, 10, 31), date(2011, 5, 1))
    assert moved.sale_stops[0].effective_from.year == 2011
    with pytest.raises(SettingsError, match="moved"):
        CatalogueFile.read(EXPO_2010, date(9999, 12, 1))


def test_a_file_without_stops_has_none(file: Path) -> None:
    """What need not be there is left out."""
    start = TEXT.index("[[sale_stops]]")
    file.write_text(TEXT[:start] + TEXT[TEXT.index("[[kinds]]") :], "utf-8")
    assert list(Sample(file).rows().values())[5] == []


def test_the_command_says_it_and_ends_with_the_status_of_settings(file: Path) -> None:
    """No trace, no word of a mistake in Lupu."""
    file.write_text(TEXT.replace("visits = 3", "visit = 3"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "lupu", "ticketing", "load", "--file", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.SETTINGS
    assert done.stderr.startswith(f"lupu: {file}: ")
    assert done.stderr.count("\n") == 1
