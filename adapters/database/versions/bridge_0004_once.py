"""When each stored part was stored, so that it can be pruned; references that were used twice.

Revision ID: bridge_0004
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters

revision = "bridge_0004"
down_revision = "bridge_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column with its index, and the table."""
    op.add_column("inbox_parts", sa.Column("stored_at", UtcTime, nullable=True))
    op.execute(
        "UPDATE inbox_parts SET stored_at = (SELECT inbox.handled_at FROM inbox"
        " WHERE inbox.request_id = inbox_parts.request_id)"
    )
    op.create_index("inbox_parts_stored_at", "inbox_parts", ["kind", "stored_at"])
    op.create_table(
        "reused",
        sa.Column("request_id", ascii_text(160), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("accepted_at", UtcTime, nullable=False),
        sa.Column("refused_at", UtcTime, nullable=False),
        sa.Column("sign_in", characters(100), nullable=False),
        sa.Column("operator", characters(100), nullable=False),
    )
    op.create_index("reused_refused_at", "reused", ["refused_at"])
