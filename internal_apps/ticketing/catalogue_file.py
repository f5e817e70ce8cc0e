"""What a file with a catalogue may hold: the rules of an event, as TOML."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, Struct, ValidationError, convert, field

from hub.errors import SettingsError
from internal_apps.ticketing.tables import ANY

DAYS_MAX = 3_660
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)

Code = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{1,29}$")]
CodeOrAny = Annotated[str, Meta(pattern=r"^([A-Z][A-Z0-9_]{1,29}|\*)$")]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
Source = Annotated[str, Meta(min_length=1, max_length=200)]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Yuan = Annotated[int, Meta(ge=0, le=1_000_000)]
Places = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Number = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[int, Meta(ge=1, le=31_536_000)]
Instant = Annotated[datetime, Meta(tz=True)]
DayClass = Literal["STANDARD", "PEAK"]


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule has: from when to when it is in force, and where it was found."""

    effective_from: Instant = field(name="from", default=ALWAYS)
    effective_to: Instant | None = field(name="to", default=None)
    source: Source = "Bulletin No. 1"


class TicketType(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of ticket, in both languages."""

    code: Code
    name_en: Name
    name_zh: Name
    group_only: bool = False


class Phase(Rule, frozen=True):
    """Prices of ticket types, in yuan."""

    yuan: dict[Code, Yuan]


class Admission(Rule, frozen=True):
    """On which class of day tickets admit, and from which hour."""

    ticket_types: list[Code]
    day_class: DayClass
    first_day: date | None = None
    last_day: date | None = None
    admission_from: TimeOfDay = "09:00"
    visits: Number = 1
    bookable: bool = True


class SaleWindow(Rule, frozen=True):
    """To whom tickets are sold, and through which channel."""

    ticket_types: list[Code]
    kind: CodeOrAny = ANY
    channel: CodeOrAny = ANY


class SaleStop(Rule, frozen=True):
    """For which days tickets are sold no more."""

    ticket_types: list[Code]
    channel: CodeOrAny = ANY
    first_day: date | None = None
    last_day: date | None = None


class Kind(Rule, frozen=True):
    """How a kind of booking is held, and for how many tickets it is."""

    kind: Code
    hold_seconds: Seconds
    quantity_min: Number
    quantity_max: Number


class Quota(Struct, frozen=True, forbid_unknown_fields=True):
    """How many tickets there are for each day: a line draws from every row that matches it."""

    capacity: Places
    source: Source
    ticket_type: CodeOrAny = ANY
    channel: CodeOrAny = ANY
    day_class: DayClass | None = None
    first_day: date | None = None
    last_day: date | None = None


class CatalogueFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    opening: date
    closing: date
    peak_days: list[date]
    ticket_types: list[TicketType]
    phases: list[Phase]
    admissions: list[Admission]
    sale_windows: list[SaleWindow]
    kinds: list[Kind]
    quotas: list[Quota]
    sale_stops: list[SaleStop] = []

    @classmethod
    def read(cls, path: Path, opening: date | None = None) -> Self:
        """Read ``path``; SettingsError names the place in it and what is wrong.

        ``opening`` moves every date by as many days as the opening day.
        """
        try:
            given = tomllib.loads(path.read_text("utf-8"))
            read = convert(given, cls)
            if opening is not None:
                read = convert(_moved(given, opening - read.opening), cls)
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not TOML: {error}.") from error
        except ValidationError as error:
            raise SettingsError(f"{path}: {error}.") from error
        except OverflowError as error:
            raise SettingsError(f"{path}: no date may be moved so far.") from error
        problem = read.problem()
        if problem:
            raise SettingsError(f"{path}: {problem}")
        return read

    def problem(self) -> str:
        """Say what contradicts itself, nothing where nothing does."""
        if self.closing < self.opening:
            return "closing lies before opening."
        if (self.closing - self.opening).days >= DAYS_MAX:
            return f"from opening to closing it is more than {DAYS_MAX} days."
        codes = [entry.code for entry in self.ticket_types]
        for code in codes:
            if codes.count(code) > 1:
                return f"there are two ticket_types with the code {code}."
        for kind in self.kinds:
            if kind.quantity_max < kind.quantity_min:
                return f"of the kind {kind.kind} quantity_max is less than quantity_min."
        strangers = sorted(self._named() - {*codes, ANY})
        if strangers:
            return f"{strangers[0]} is none of the ticket_types."
        return ""

    def _named(self) -> set[str]:
        named = {quota.ticket_type for quota in self.quotas}
        named.update(*(phase.yuan for phase in self.phases))
        named.update(*(rule.ticket_types for rule in self.admissions))
        named.update(*(rule.ticket_types for rule in self.sale_windows))
        named.update(*(rule.ticket_types for rule in self.sale_stops))
        return named


def _moved(given: Any, by: timedelta) -> Any:
    """Return the same data with every date and time moved."""
    if isinstance(given, dict):
        return {name: _moved(value, by) for name, value in given.items()}
    if isinstance(given, list):
        return [_moved(value, by) for value in given]
    return given + by if isinstance(given, date) else given
