"""English and Chinese: texts from po files, and times, days, money as each language writes them.

The po files are read once at the start: there is no compiled form that could be stale.
"""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

ENGLISH = "en"
CHINESE = "zh"
LANGUAGES = (ENGLISH, CHINESE)
HTML_LANGUAGES = {ENGLISH: "en", CHINESE: "zh-Hans"}
OWN_NAMES = {ENGLISH: "English", CHINESE: "中文"}

SHANGHAI = ZoneInfo("Asia/Shanghai")
FEN_PER_YUAN = 100

_LOCALES = {ENGLISH: "en_GB", CHINESE: "zh_Hans_CN"}
_DAYS = {ENGLISH: "EEE d MMM y", CHINESE: "y年M月d日 EEE"}
_MONTHS = {ENGLISH: "MMM y", CHINESE: "y年M月"}
_TIMES = {ENGLISH: "d MMM y, HH:mm", CHINESE: "y年M月d日 HH:mm"}
_PRECISE = {ENGLISH: "d MMM y, HH:mm:ss", CHINESE: "y年M月d日 HH:mm:ss"}


def sentence(text: str) -> str:
    """Mark a text for translation that is translated later, where it is shown."""
    return text


class Texts:
    """Every sentence of the pages in each language; English is the key."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read ``zh.po`` from each folder."""
        chinese: Translations | None = None
        for folder in folders:
            with (folder / "zh.po").open("rb") as file:
                catalogue = read_po(file, locale="zh_Hans_CN")
            compiled = BytesIO()
            write_mo(compiled, catalogue)
            compiled.seek(0)
            # The first one brings the rule for plurals, which an empty one has not.
            read = Translations(compiled)
            chinese = read if chinese is None else chinese.merge(read)
        self._of = {ENGLISH: NullTranslations(), CHINESE: chinese or NullTranslations()}

    def text(self, language: str, text: str) -> str:
        """Return a text in the language."""
        return str(self._of[language].ugettext(text))

    def texts(self, language: str, one: str, many: str, count: int) -> str:
        """Return the form of a text that fits the count."""
        return str(self._of[language].ungettext(one, many, count))


def choose(accepted: Sequence[tuple[str, float]]) -> str:
    """Return the first of our languages among those a browser accepts; else English."""
    for name, _ in accepted:
        for language in LANGUAGES:
            if name.lower().split("-")[0] == language:
                return language
    return ENGLISH


def write_day(language: str, day: date) -> str:
    """Return a day: ``Sat 1 May 2010`` or ``2010年5月1日 周六``."""
    return format_date(day, _DAYS[language], locale=_LOCALES[language])


def write_month(language: str, day: date) -> str:
    """Return a day's month: ``May 2010`` or ``2010年5月``."""
    return format_date(day, _MONTHS[language], locale=_LOCALES[language])


def write_time(language: str, at: datetime) -> str:
    """Return a time in Shanghai, to the minute."""
    return format_datetime(at, _TIMES[language], SHANGHAI, locale=_LOCALES[language])


def write_precise(language: str, at: datetime) -> str:
    """Return a time in Shanghai, to the second."""
    return format_datetime(at, _PRECISE[language], SHANGHAI, locale=_LOCALES[language])


def write_clock(language: str, at: datetime) -> str:
    """Return the time of day in Shanghai: ``09:30``."""
    return format_time(at, "HH:mm", SHANGHAI, locale=_LOCALES[language])


def write_clock_precise(language: str, at: datetime) -> str:
    """Return the time of day in Shanghai with milliseconds: ``09:30:05.123``."""
    return format_time(at, "HH:mm:ss.SSS", SHANGHAI, locale=_LOCALES[language])


def write_yuan(fen: int) -> str:
    """Return an amount: ``¥1,234.00``."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{sign}¥{yuan:,}.{rest:02}"
