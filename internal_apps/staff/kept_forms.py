"""Forms kept over a sign-in: what was typed when a session had ended is there again after it.

Only for the account that typed it, for a while, and never sent by itself.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from adapters.database import Database
from hub.ports import Clock
from internal_apps.staff.sessions import hashed
from internal_apps.staff.tables import FIELDS_CHARACTERS_MAX, kept_forms

KEPT_SECONDS = 7_200
PER_ACCOUNT_MAX = 20
PATH_CHARACTERS_MAX = 200

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
        now = self._clock.now()
        row = {"key_hash": hashed(key), "account": account, "path": path, "fields": text}
        with self._database.begin() as connection:
            self._make_room(connection, account)
            connection.execute(kept_forms.insert().values(**row, kept_at=now))
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
        return row.path, json.loads(row.fields)

    def forget(self, key: str) -> None:
        """Let go of a kept form that has been sent."""
        with self._database.begin() as connection:
            connection.execute(kept_forms.delete().where(kept_forms.c.key_hash == hashed(key)))

    def _make_room(self, connection: sa.Connection, account: str) -> None:
        old = self._clock.now() - timedelta(seconds=KEPT_SECONDS)
        connection.execute(kept_forms.delete().where(kept_forms.c.kept_at < old))
        statement = (
            sa.select(kept_forms.c.key_hash)
            .where(kept_forms.c.account == account)
            .order_by(kept_forms.c.kept_at.desc())
        )
        keys = connection.execute(statement).scalars().all()
        if too_many := keys[PER_ACCOUNT_MAX - 1 :]:
            connection.execute(kept_forms.delete().where(kept_forms.c.key_hash.in_(too_many)))
