"""Sessions: a random token in a cookie, its hash in the database, two times that end it."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.database import Database
from hub.ports import Clock
from internal_apps.staff.accounts import Account, to_account
from internal_apps.staff.settings import Staff
from internal_apps.staff.tables import accounts, sessions

TOUCH_SECONDS = 60
KEPT_DAYS = 30


def hashed(token: str) -> str:
    """Return what of a token is stored: enough to know it again, not to forge it."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """A session as a page sees it; ``live`` no longer where it has ended or timed out."""

    token_hash: str
    account: Account
    language: str
    live: bool


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody signed in now, as the list of accounts shows it."""

    account: str
    address: str
    started_at: datetime
    seen_at: datetime


class Sessions:
    """The sessions in the database."""

    def __init__(self, database: Database, clock: Clock, settings: Staff) -> None:
        self._database = database
        self._clock = clock
        self._idle = timedelta(seconds=settings.session_idle_seconds)
        self._longest = timedelta(seconds=settings.session_seconds_max)

    def open(self, account: str, language: str, address: str) -> str:
        """Begin a session and return its token, which nobody can read anywhere again."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        row = {
            "token_hash": hashed(token),
            "account": account,
            "language": language,
            "address": address[:45],
            "started_at": now,
            "seen_at": now,
        }
        with self._database.begin() as connection:
            connection.execute(sessions.insert().values(row))
            connection.execute(
                sessions.delete().where(sessions.c.started_at < now - timedelta(days=KEPT_DAYS))
            )
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a token, live or not, or None; a live one counts as seen."""
        joined = sessions.join(accounts, accounts.c.account == sessions.c.account)
        columns = [column for column in accounts.c if column.name != "password"]
        own = (sessions.c.token_hash, sessions.c.language, sessions.c.seen_at)
        times = (sessions.c.started_at, sessions.c.ended_at)
        statement = (
            sa.select(*own, *times, *columns)
            .select_from(joined)
            .where(sessions.c.token_hash == hashed(token))
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        live = self._is_live(row)
        if live and self._clock.now() - row.seen_at > timedelta(seconds=TOUCH_SECONDS):
            self._set(row.token_hash, seen_at=self._clock.now())
        return Session(row.token_hash, to_account(row), row.language, live)

    def end(self, session: Session) -> None:
        """End one session."""
        self._set(session.token_hash, ended_at=self._clock.now())

    def end_all(self, account: str) -> None:
        """End every session of an account."""
        with self._database.begin() as connection:
            connection.execute(
                sessions.update()
                .where(sessions.c.account == account, sessions.c.ended_at.is_(None))
                .values(ended_at=self._clock.now())
            )

    def speak(self, session: Session, language: str) -> None:
        """Keep the language for the rest of the session."""
        self._set(session.token_hash, language=language)

    def present(self) -> Sequence[Present]:
        """Return who is signed in now, the last seen first."""
        now = self._clock.now()
        statement = (
            sa.select(
                sessions.c.account,
                sessions.c.address,
                sessions.c.started_at,
                sessions.c.seen_at,
            )
            .where(
                sessions.c.ended_at.is_(None),
                sessions.c.seen_at > now - self._idle,
                sessions.c.started_at > now - self._longest,
            )
            .order_by(sessions.c.seen_at.desc())
        )
        with self._database.reading() as connection:
            return [Present(*row) for row in connection.execute(statement)]

    def _is_live(self, row: sa.Row[tuple[object, ...]]) -> bool:
        now = self._clock.now()
        return (
            row.ended_at is None
            and row.disabled_at is None
            and now - row.seen_at <= self._idle
            and now - row.started_at <= self._longest
        )

    def _set(self, token_hash: str, **values: object) -> None:
        with self._database.begin() as connection:
            connection.execute(
                sessions.update().where(sessions.c.token_hash == token_hash).values(**values)
            )
