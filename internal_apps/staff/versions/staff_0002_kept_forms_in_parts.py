"""Forms that are kept over a sign-in lie in parts: a corrected document is longer than a row.

Revision ID: staff_0002
Revises: staff_0001

What was kept before is two hours old at most, and is let go.
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters

revision = "staff_0002"
down_revision = "staff_0001"


def upgrade() -> None:
    """Make the table anew, and one for the parts."""
    op.drop_table("staff_kept_forms")
    op.create_table(
        "staff_kept_forms",
        sa.Column("key_hash", ascii_text(64), primary_key=True),
        sa.Column("account", ascii_text(32), nullable=False),
        sa.Column("path", characters(400), nullable=False),
        sa.Column("kept_at", UtcTime, nullable=False),
    )
    op.create_index("staff_kept_forms_account", "staff_kept_forms", ["account", "kept_at"])
    op.create_table(
        "staff_kept_form_parts",
        sa.Column("key_hash", ascii_text(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", characters(7_000), nullable=False),
    )
