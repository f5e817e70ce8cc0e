"""Which programs run on a schema: those since a version, for later ones only added to it.

Revision ID: bridge_0008
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import ascii_text

revision = "bridge_0008"
down_revision = "bridge_0007"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "programs",
        sa.Column("line", ascii_text(40), primary_key=True),
        sa.Column("oldest", ascii_text(40), nullable=False),
    )
