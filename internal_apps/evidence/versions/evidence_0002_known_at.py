"""When each page came: of what it says, and as the first of its book.

Revision ID: evidence_0002
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime

revision = "evidence_0002"
down_revision = "evidence_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("evidence_sent", sa.Column("known_at", UtcTime, nullable=True))
    op.add_column("evidence_books", sa.Column("begun_at", UtcTime, nullable=True))
