"""The staff's first tables: accounts, sessions, sign-ins, kept forms.

Revision ID: staff_0001
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters, identity

revision = "staff_0001"
down_revision = None
branch_labels = ("staff",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _accounts()
    _sessions()
    _sign_ins()
    _kept_forms()


def _accounts() -> None:
    op.create_table(
        "staff_accounts",
        sa.Column("account", ascii_text(32), primary_key=True),
        sa.Column("name", characters(60), nullable=False),
        sa.Column("role", ascii_text(16), nullable=False),
        sa.Column("password", ascii_text(200), nullable=False),
        sa.Column("added_at", UtcTime, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.Column("disabled_at", UtcTime, nullable=True),
    )


def _sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", ascii_text(64), primary_key=True),
        sa.Column("account", ascii_text(32), nullable=False),
        sa.Column("language", ascii_text(8), nullable=False),
        sa.Column("address", ascii_text(45), nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("seen_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime, nullable=True),
    )
    op.create_index("staff_sessions_account", "staff_sessions", ["account"])


def _sign_ins() -> None:
    op.create_table(
        "staff_sign_ins",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("typed_hash", ascii_text(64), nullable=False),
        sa.Column("account", ascii_text(32), nullable=False),
        sa.Column("address", ascii_text(45), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("outcome", ascii_text(16), nullable=False),
    )
    op.create_index("staff_sign_ins_typed", "staff_sign_ins", ["typed_hash", "at"])
    op.create_index("staff_sign_ins_address", "staff_sign_ins", ["address", "at"])


def _kept_forms() -> None:
    op.create_table(
        "staff_kept_forms",
        sa.Column("key_hash", ascii_text(64), primary_key=True),
        sa.Column("account", ascii_text(32), nullable=False),
        sa.Column("path", ascii_text(200), nullable=False),
        sa.Column("fields", characters(6_000), nullable=False),
        sa.Column("kept_at", UtcTime, nullable=False),
    )
    op.create_index("staff_kept_forms_account", "staff_kept_forms", ["account", "kept_at"])
