"""When the first reply to a request left, kept with the request for good.

Revision ID: bridge_0002
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text

revision = "bridge_0002"
down_revision = "bridge_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; for what was there before it is not known."""
    op.add_column("inbox", sa.Column("replied_at", UtcTime, nullable=True))
    op.add_column("outbox", sa.Column("request_id", ascii_text(160), nullable=True))
