"""When a certificate of an agent ended: what was accepted before still counts.

Revision ID: ticketing_0002
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime

revision = "ticketing_0002"
down_revision = "ticketing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("agent_certificates", sa.Column("ended_at", UtcTime, nullable=True))
