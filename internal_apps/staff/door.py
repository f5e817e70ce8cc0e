"""The door: who may come in, how often one may try, and what is remembered of it."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
KEPT_DAYS = 90
# Enough to count tries by account, too little to find out what was typed: it may be a password.
BUCKET_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class SignIn:
    """One try at the door, as the auditor sees it; no account where there is none such."""

    account: str
    address: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended: with an account, or without; ``wait_seconds`` where it was one too many."""

    account: Account | None
    wait_seconds: int = 0


class Door:
    """Lets in by account and password, so many failures in a time by account and by address."""

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
        account = typed.strip().lower()
        typed_hash = hashlib.sha256(account.encode()).hexdigest()[:BUCKET_CHARACTERS]
        address = address[:45]
        number, wait_seconds = self._begin(typed_hash, address)
        if wait_seconds:
            _log.warning("sign_in.too_many")
            return Tried(None, wait_seconds)
        found = self._accounts.find(account)
        right = self._passwords.verify(found[1] if found else None, password)
        if found is None:
            return Tried(None)
        let_in = right and found[0].disabled_at is None
        self._end(number, found[0].account, SIGNED_IN if let_in else WRONG)
        return Tried(found[0] if let_in else None)

    def latest(self, count: int) -> Sequence[SignIn]:
        """Return the latest tries, the last first."""
        columns = (sign_ins.c.account, sign_ins.c.address, sign_ins.c.at, sign_ins.c.outcome)
        statement = sa.select(*columns).order_by(sign_ins.c.number.desc())
        with self._database.reading() as connection:
            rows = connection.execute(first(connection, statement, count))
            return [SignIn(*row) for row in rows]

    def _begin(self, typed_hash: str, address: str) -> tuple[int, int]:
        # The try is written down as a failure before the password is looked at, so that many
        # tries at once cannot all slip under the bound.
        now = self._clock.now()
        row = {"typed_hash": typed_hash, "account": "", "address": address, "at": now}
        with self._database.begin() as connection:
            wait_seconds = self._wait_seconds(connection, typed_hash, address)
            outcome = TOO_MANY if wait_seconds else WRONG
            inserted = connection.execute(sign_ins.insert().values(**row, outcome=outcome))
            connection.execute(
                sign_ins.delete().where(sign_ins.c.at < now - timedelta(days=KEPT_DAYS))
            )
        key = inserted.inserted_primary_key
        return (int(key[0]) if key is not None else 0), wait_seconds

    def _wait_seconds(self, connection: sa.Connection, typed_hash: str, address: str) -> int:
        bounds = (
            (sign_ins.c.typed_hash == typed_hash, self._settings.failures_per_account_max),
            (sign_ins.c.address == address, self._settings.failures_per_address_max),
        )
        return max(self._over(connection, condition, most) for condition, most in bounds)

    def _over(
        self, connection: sa.Connection, condition: sa.ColumnElement[bool], most: int
    ) -> int:
        now = self._clock.now()
        window = timedelta(seconds=self._settings.failures_window_seconds)
        statement = (
            sa.select(sign_ins.c.at)
            .where(condition, sign_ins.c.outcome == WRONG, sign_ins.c.at > now - window)
            .order_by(sign_ins.c.at.desc())
        )
        failures = connection.execute(first(connection, statement, most)).scalars().all()
        if len(failures) < most:
            return 0
        return max(1, int((failures[-1] + window - now).total_seconds()))

    def _end(self, number: int, account: str, outcome: str) -> None:
        with self._database.begin() as connection:
            connection.execute(
                sign_ins.update()
                .where(sign_ins.c.number == number)
                .values(account=account, outcome=outcome)
            )
