"""How often a request failed, and who stands in line behind whom.

Revision ID: bridge_0005
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import ascii_text, identity

revision = "bridge_0005"
down_revision = "bridge_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("inbox", sa.Column("attempts", sa.Integer, nullable=True))
    op.create_table(
        "standing",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("line", ascii_text(160), nullable=False),
    )
    op.create_index("standing_request", "standing", ["request_id"], unique=True)
    op.create_index("standing_line", "standing", ["line", "number"])
