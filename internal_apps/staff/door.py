"""The door: who may come in, how often one may try, and what is remembered of it."""

import hashlib
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.database import Database, first
from hub.ports import Clock
from internal_apps.staff.accounts import Account, Accounts
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.settings import Staff
from internal_apps.staff.tables import sign_ins

_log = logging.getLogger(__name__)

SIGNED_IN = "signed in"
WRONG = "wrong"
TOO_MANY = "too many"
FORGIVEN = "forgiven"
KEPT_DAYS = 90
# Enough to count tries by account, too little to find out what was typed: it may be a password.
BUCKET_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class SignIn:
    """One try at the door, as the auditor sees it; no account where there is none such."""

    number: int
    account: str
    address: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries, the last first; ``older`` and ``newer`` are the places where other pages begin."""

    tries: Sequence[SignIn]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended: with an account, or without; ``wait_seconds`` where it was one too many."""

    account: Account | None
    wait_seconds: int = 0

    @property
    def wait_minutes(self) -> int:
        """How long to wait, as one says it: in whole minutes, not too few."""
        return -(-self.wait_seconds // 60)


class Door:
    """Lets in by account and password, so many failures in a time.

    Shut is the door for one account from one address, or for one address: nobody can lock out
    somebody else. Whoever tries an account from ever new addresses is slowed down, but not
    where the account has been signed in before.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Staff,
        accounts: Accounts,
        passwords: Passwords,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._accounts = accounts
        self._passwords = passwords

    def try_in(self, typed: str, password: str, address: str) -> Tried:
        """Try once; what is typed as account is only kept where there is such an account."""
        account, address = typed.strip().lower(), address[:45]
        number = self._begin(account, address)
        wait_seconds = self._wait_seconds(account, address, number)
        found = self._accounts.find(account)
        if wait_seconds:
            self._end(number, found[0].account if found else "", TOO_MANY)
            _log.warning("sign_in.too_many")
            return Tried(None, wait_seconds)
        right = self._passwords.verify(found[1] if found else None, password)
        if found is None:
            return Tried(None)
        let_in = right and found[0].disabled_at is None
        self._end(number, found[0].account, SIGNED_IN if let_in else WRONG)
        return Tried(found[0] if let_in else None)

    def tries(self, count: int, *, after: int | None = None, before: int | None = None) -> Tries:
        """Return a page of tries, the last first: the first, one after a place or before it."""
        number = sign_ins.c.number
        if before is not None:
            newer = self._listed(count + 1, number > before, number)
            if len(newer) > count:  # else it is the first page, which is read as such
                shown = newer[count - 1 :: -1]
                return Tries(shown, older=shown[-1].number, newer=shown[0].number)
            after = None
        rest = number > 0 if after is None else number < after
        found = self._listed(count + 1, rest, number.desc())
        shown = found[:count]
        return Tries(
            shown,
            older=shown[-1].number if len(found) > count else None,
            newer=shown[0].number if shown and after is not None else None,
        )

    def _listed(
        self, count: int, condition: sa.ColumnElement[bool], order: sa.ColumnElement[Any]
    ) -> Sequence[SignIn]:
        columns = (sign_ins.c[name] for name in ("number", "account", "address", "at", "outcome"))
        statement = sa.select(*columns).where(condition).order_by(order)
        with self._database.reading() as connection:
            rows = connection.execute(first(connection, statement, count))
            return [SignIn(*row) for row in rows]

    def _begin(self, account: str, address: str) -> int:
        # The try is committed as a failure before failures are counted and the password is
        # looked at: of tries at once, whichever counts last has all the others before it.
        now = self._clock.now()
        row = {"typed_hash": _bucket(account), "account": "", "address": address, "at": now}
        with self._database.begin() as connection:
            inserted = connection.execute(sign_ins.insert().values(**row, outcome=WRONG))
            connection.execute(
                sign_ins.delete().where(sign_ins.c.at < now - timedelta(days=KEPT_DAYS))
            )
        key = inserted.inserted_primary_key
        return int(key[0]) if key is not None else 0

    def _wait_seconds(self, account: str, address: str, number: int) -> int:
        settings, window_seconds = self._settings, self._settings.failures_window_seconds
        of_account = sign_ins.c.typed_hash == _bucket(account)
        of_address = sign_ins.c.address == address
        both = sa.and_(of_account, of_address)
        with self._database.reading() as connection:
            here = self._failures(connection, both, number)
            anyone = self._failures(connection, of_address, number)
            anywhere = self._failures(connection, of_account, number)
            known = _has_been_here(connection, account, address)
        slow = [] if known or len(anywhere) < settings.failures_anywhere_max else anywhere
        return max(
            self._left(here[settings.failures_per_account_max - 1 :], window_seconds),
            self._left(anyone[settings.failures_per_address_max - 1 :], window_seconds),
            self._left(slow, settings.failures_slow_seconds),
        )

    def _failures(
        self, connection: sa.Connection, condition: sa.ColumnElement[bool], number: int
    ) -> Sequence[datetime]:
        """Return when others failed within the window, the last first."""
        window = timedelta(seconds=self._settings.failures_window_seconds)
        statement = (
            sa.select(sign_ins.c.at)
            .where(
                condition,
                sign_ins.c.number != number,
                sign_ins.c.outcome == WRONG,
                sign_ins.c.at > self._clock.now() - window,
            )
            .order_by(sign_ins.c.at.desc())
        )
        most = max(
            self._settings.failures_per_account_max,
            self._settings.failures_per_address_max,
            self._settings.failures_anywhere_max,
        )
        return connection.execute(first(connection, statement, most)).scalars().all()

    def _left(self, failures: Sequence[datetime], seconds: int) -> int:
        """Return how many seconds are left of so many after the first of the failures."""
        if not failures:
            return 0
        return math.ceil((failures[0] - self._clock.now()).total_seconds() + seconds)

    def _end(self, number: int, account: str, outcome: str) -> None:
        with self._database.begin() as connection:
            connection.execute(
                sign_ins.update()
                .where(sign_ins.c.number == number)
                .values(account=account, outcome=outcome)
            )


def forgive(database: Database, account: str, since: datetime) -> int:
    """Let an account be tried again at once; return how many failures no longer count.

    ``since`` is when the window began in which failures count.
    """
    with database.begin() as connection:
        forgiven = connection.execute(
            sign_ins.update()
            .where(
                sign_ins.c.typed_hash == _bucket(account),
                sign_ins.c.outcome == WRONG,
                sign_ins.c.at > since,
            )
            .values(outcome=FORGIVEN)
        )
        return int(forgiven.rowcount)


def _bucket(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:BUCKET_CHARACTERS]


def _has_been_here(connection: sa.Connection, account: str, address: str) -> bool:
    statement = sa.select(sign_ins.c.number).where(
        sign_ins.c.typed_hash == _bucket(account),
        sign_ins.c.account == account,
        sign_ins.c.address == address,
        sign_ins.c.outcome == SIGNED_IN,
    )
    return connection.execute(first(connection, statement, 1)).first() is not None
