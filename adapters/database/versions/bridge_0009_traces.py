"""Of which trace each transmission was; the inside book by trace and by request.

Revision ID: bridge_0009
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import ascii_text

revision = "bridge_0009"
down_revision = "bridge_0008"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Add the column and the indexes; what was taken in before has no trace."""
    op.add_column("inside_book", sa.Column("trace", ascii_text(32), nullable=True))
    op.create_index("inside_book_trace", "inside_book", ["trace"])
    op.create_index("inside_book_request", "inside_book", ["request_id"])
