"""What is paused or drained: a route, an agency or a gateway, since when, by whom and why.

Revision ID: bridge_0010
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters

revision = "bridge_0010"
down_revision = "bridge_0009"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "traffic",
        sa.Column("mode", ascii_text(10), primary_key=True),
        sa.Column("kind", ascii_text(10), primary_key=True),
        sa.Column("name", ascii_text(40), primary_key=True),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("who", ascii_text(32), nullable=False),
        sa.Column("why", characters(500), nullable=False),
    )
