"""What an application tells of one request, for whoever follows a message.

The bridge's own rows are read by ``internal_apps.following``; what only an application knows, its
booking, its audit trail, its books, it tells through a ``Source``. Whoever wires puts them
together.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.database import Database

GOOD, WAITS, BAD = "good", "waits", "bad"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request, where and when.

    ``text`` is a sentence that pages translate, ``values`` stand at its places. ``place`` is the
    component it happened at, ``by`` the member of staff who did it, ``transmission`` the sending
    it is about. ``detail`` is said as it is, in no language of ours, unless it has
    ``detail_values``: then it is a sentence too. ``mark``: GOOD, WAITS, BAD.
    """

    at: datetime
    place: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    by: str = ""
    transmission: str = ""
    detail: str = ""
    detail_values: Mapping[str, str] | None = None

    def said(self) -> str:
        """Return what happened, in English."""
        return self.text % self.values

    def said_more(self) -> str:
        """Return the detail, in English."""
        return self.detail if self.detail_values is None else self.detail % self.detail_values


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so: a label to be translated, and the page that shows more, if any."""

    label: str
    value: str
    view: str = ""
    view_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a source tells of a request."""

    events: Sequence[Event] = ()
    facts: Sequence[Fact] = ()


def _none(_database: Database, _of: object) -> Sequence[str]:
    return ()


def _no_senders(_database: Database) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Source:
    """What an application can tell, to whoever has the permission.

    ``tell``: of a request, as it is now. ``named``: the requests that a text of its own names, a
    booking's reference, say. ``known``: of these request ids those that it knows, though the
    inbox may not. ``senders``: who may have sent what names no sender.
    """

    permission: str
    tell: Callable[[Database, str, datetime], Told]
    named: Callable[[Database, str], Sequence[str]] = _none
    known: Callable[[Database, Sequence[str]], Collection[str]] = _none
    senders: Callable[[Database], Sequence[str]] = _no_senders
