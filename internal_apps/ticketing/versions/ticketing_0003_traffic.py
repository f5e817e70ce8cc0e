"""What is drained is published too.

Revision ID: ticketing_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "ticketing_0003"
down_revision = "ticketing_0002"
branch_labels = None
depends_on = None

_publications = sa.table(
    "publications", *(sa.column(name) for name in ("topic", "version", "digest", "published_at"))
)


def upgrade() -> None:
    """Add the topic's row."""
    row = {"topic": "Traffic", "version": 0, "digest": "", "published_at": None}
    op.execute(_publications.insert().values(row))
