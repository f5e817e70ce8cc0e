"""Forms kept over a sign-in: what was typed when a session had ended is there again after it.

Only for the account that typed it, for a while, and never sent by itself.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from adapters.database import Database
from adapters.database.parts import join, split
from hub.ports import Clock
from internal_apps.staff.sessions import hashed
from internal_apps.staff.tables import PATH_CHARACTERS_MAX, kept_form_parts, kept_forms

KEPT_SECONDS = 7_200
PER_ACCOUNT_MAX = 20
# What a form may have at most, by the default of [staff] form_bytes_max.
FIELDS_CHARACTERS_MAX = 65_536

Fields = Mapping[str, Sequence[str]]


class KeptForms:
    """The kept forms in the database, each under a random key that only the browser has."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, account: str, path: str, fields: Fields) -> str:
        """Keep a form and return its key; empty where it is too large to be kept."""
        listed = {name: list(values) for name, values in fields.items()}
        text = json.dumps(listed, ensure_ascii=False)
        if len(text) > FIELDS_CHARACTERS_MAX or len(path) > PATH_CHARACTERS_MAX:
            return ""
        key = secrets.token_urlsafe(24)
        name = hashed(key)
        row = {"key_hash": name, "account": account, "path": path, "kept_at": self._clock.now()}
        parts = [
            {"key_hash": name, "number": number, "text": part} for number, part in split(text)
        ]
        with self._database.begin() as connection:
            self._make_room(connection, account)
            connection.execute(kept_forms.insert().values(row))
            connection.execute(kept_form_parts.insert(), parts)
        return key

    def find(self, key: str, account: str) -> tuple[str, Fields] | None:
        """Return path and fields of a kept form to the account that typed it."""
        statement = sa.select(kept_forms).where(
            kept_forms.c.key_hash == hashed(key), kept_forms.c.account == account
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
            if row is None or self._clock.now() - row.kept_at > timedelta(seconds=KEPT_SECONDS):
                return None
            parts = sa.select(kept_form_parts.c.number, kept_form_parts.c.text).where(
                kept_form_parts.c.key_hash == row.key_hash
            )
            text = join((part.number, part.text) for part in connection.execute(parts))
        return row.path, json.loads(text)

    def forget(self, key: str) -> None:
        """Let go of a kept form that has been sent."""
        with self._database.begin() as connection:
            _let_go(connection, [hashed(key)])

    def _make_room(self, connection: sa.Connection, account: str) -> None:
        old = self._clock.now() - timedelta(seconds=KEPT_SECONDS)
        too_old = sa.select(kept_forms.c.key_hash).where(kept_forms.c.kept_at < old)
        _let_go(connection, connection.execute(too_old).scalars().all())
        statement = (
            sa.select(kept_forms.c.key_hash)
            .where(kept_forms.c.account == account)
            .order_by(kept_forms.c.kept_at.desc())
        )
        keys = connection.execute(statement).scalars().all()
        _let_go(connection, keys[PER_ACCOUNT_MAX - 1 :])


def _let_go(connection: sa.Connection, names: Sequence[str]) -> None:
    for name in names:
        for table in (kept_form_parts, kept_forms):
            connection.execute(table.delete().where(table.c.key_hash == name))
