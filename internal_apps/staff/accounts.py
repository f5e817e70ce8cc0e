"""Accounts of the staff: made, changed and disabled by command, read by every page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.database import Database
from hub.errors import LupuError
from hub.ports import Clock
from internal_apps.staff.roles import MAY, WORDS, Permission, Role
from internal_apps.staff.tables import NAME_CHARACTERS_MAX, accounts, sessions

_ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class AccountError(LupuError):
    """An account command cannot be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff: ``account`` to sign in with, ``name`` to be shown."""

    account: str
    name: str
    role: Role
    disabled_at: datetime | None = None

    @property
    def word(self) -> str:
        """The word for the role, to be translated."""
        return WORDS[self.role]

    def may(self, permission: str) -> bool:
        """Return whether the role has the permission."""
        return Permission(permission) in MAY[self.role]


class Accounts:
    """The accounts in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, account: str, name: str, role: Role, password_hash: str) -> None:
        """Add an account; AccountError where the name is not one or is taken."""
        if _ACCOUNT.fullmatch(account) is None:
            raise AccountError(
                "An account is 2 to 32 of a-z, 0-9, dot, dash and underscore, a letter first."
            )
        if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
            raise AccountError(f"A name has 1 to {NAME_CHARACTERS_MAX} printable characters.")
        now = self._clock.now()
        row = {"account": account, "name": name, "role": role.value, "password": password_hash}
        times = {"added_at": now, "changed_at": now}
        try:
            with self._database.begin() as connection:
                connection.execute(accounts.insert().values(**row, **times))
        except sa.exc.IntegrityError:
            raise AccountError(f"There is already an account '{account}'.") from None

    def set_role(self, account: str, role: Role) -> None:
        """Give an account another role, from its next page on."""
        self._change(account, {"role": role.value}, ends_sessions=False)

    def set_password(self, account: str, password_hash: str) -> None:
        """Replace the password and end every session of the account."""
        self._change(account, {"password": password_hash}, ends_sessions=True)

    def disable(self, account: str) -> None:
        """Let the account sign in no more and end its sessions."""
        self._change(account, {"disabled_at": self._clock.now()}, ends_sessions=True)

    def enable(self, account: str) -> None:
        """Let the account sign in again."""
        self._change(account, {"disabled_at": None}, ends_sessions=False)

    def find(self, account: str) -> tuple[Account, str] | None:
        """Return an account and its stored password, or None where there is none."""
        if _ACCOUNT.fullmatch(account) is None:
            return None
        with self._database.reading() as connection:
            row = connection.execute(
                sa.select(accounts).where(accounts.c.account == account)
            ).first()
        return None if row is None else (to_account(row), row.password)

    def all(self) -> Sequence[Account]:
        """Return every account, by name of the account."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(accounts).order_by(accounts.c.account))
            return [to_account(row) for row in rows]

    def _change(self, account: str, values: dict[str, object], *, ends_sessions: bool) -> None:
        now = self._clock.now()
        with self._database.begin() as connection:
            changed = connection.execute(
                accounts.update()
                .where(accounts.c.account == account)
                .values(**values, changed_at=now)
            )
            if changed.rowcount != 1:
                raise AccountError(f"There is no account '{account}'.")
            if ends_sessions:
                connection.execute(
                    sessions.update()
                    .where(sessions.c.account == account, sessions.c.ended_at.is_(None))
                    .values(ended_at=now)
                )


def to_account(row: sa.Row[tuple[object, ...]]) -> Account:
    """Return the account a row of its table stands for."""
    return Account(row.account, row.name, Role(row.role), row.disabled_at)
