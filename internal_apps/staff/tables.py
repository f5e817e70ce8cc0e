"""The tables of the staff's web: accounts, sessions, sign-ins, forms kept over a sign-in.

No secret lies here readable: passwords as argon2, session tokens and keys as SHA-256.
"""

import sqlalchemy as sa

from adapters.database.columns import (
    PART_CHARACTERS_MAX,
    UtcTime,
    ascii_text,
    characters,
    identity,
)

PATH_CHARACTERS_MAX = 400
NAME_CHARACTERS_MAX = 60

metadata = sa.MetaData()

accounts = sa.Table(
    "staff_accounts",
    metadata,
    sa.Column("account", ascii_text(32), primary_key=True),
    sa.Column("name", characters(NAME_CHARACTERS_MAX), nullable=False),
    sa.Column("role", ascii_text(16), nullable=False),
    sa.Column("password", ascii_text(200), nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("disabled_at", UtcTime, nullable=True),
)

sessions = sa.Table(
    "staff_sessions",
    metadata,
    sa.Column("token_hash", ascii_text(64), primary_key=True),
    sa.Column("account", ascii_text(32), nullable=False),
    sa.Column("language", ascii_text(8), nullable=False),
    sa.Column("address", ascii_text(45), nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime, nullable=True),
    sa.Index("staff_sessions_account", "account"),
)

sign_ins = sa.Table(
    "staff_sign_ins",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("typed_hash", ascii_text(64), nullable=False),
    sa.Column("account", ascii_text(32), nullable=False),
    sa.Column("address", ascii_text(45), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("outcome", ascii_text(16), nullable=False),
    sa.Index("staff_sign_ins_typed", "typed_hash", "at"),
    sa.Index("staff_sign_ins_address", "address", "at"),
)

kept_forms = sa.Table(
    "staff_kept_forms",
    metadata,
    sa.Column("key_hash", ascii_text(64), primary_key=True),
    sa.Column("account", ascii_text(32), nullable=False),
    sa.Column("path", characters(PATH_CHARACTERS_MAX), nullable=False),
    sa.Column("kept_at", UtcTime, nullable=False),
    sa.Index("staff_kept_forms_account", "account", "kept_at"),
)

kept_form_parts = sa.Table(
    "staff_kept_form_parts",
    metadata,
    sa.Column("key_hash", ascii_text(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", characters(PART_CHARACTERS_MAX), nullable=False),
)
