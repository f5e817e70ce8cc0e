"""The inside book: every transmission that a worker took in.

Revision ID: bridge_0003
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, identity

revision = "bridge_0003"
down_revision = "bridge_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the book; what was taken in before it is not in it."""
    op.create_table(
        "inside_book",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("type", ascii_text(60), nullable=False),
        sa.Column("crossed", ascii_text(64), nullable=False),
        sa.Column("what", ascii_text(12), nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
    )
    op.create_index("inside_book_transmission", "inside_book", ["origin", "boot", "sequence"])
    op.create_index("inside_book_taken_at", "inside_book", ["taken_at"])
