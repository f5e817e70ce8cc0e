"""When the last replay is due: one row, so that all who replay at once keep one pace.

Revision ID: bridge_0007
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime

revision = "bridge_0007"
down_revision = "bridge_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table with its row."""
    replays = op.create_table(
        "replays",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_due", UtcTime, nullable=True),
    )
    op.bulk_insert(replays, [{"id": 1, "last_due": None}])
