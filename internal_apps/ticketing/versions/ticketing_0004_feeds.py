"""Which bookings came by which feed, and what feeds say of themselves at their end.

Revision ID: ticketing_0004
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import ascii_text

revision = "ticketing_0004"
down_revision = "ticketing_0003"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "feeds",
        sa.Column("sender", ascii_text(60), primary_key=True),
        sa.Column("feed", ascii_text(40), primary_key=True),
        sa.Column("bookings", sa.Integer, nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
    )
    op.create_table(
        "feed_bookings",
        sa.Column("sender", ascii_text(60), primary_key=True),
        sa.Column("feed", ascii_text(40), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
    )
