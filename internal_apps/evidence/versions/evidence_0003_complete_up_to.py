"""Up to which number all of a start's book is here.

Of books of before it is not known until two more pages have come.

Revision ID: evidence_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "evidence_0003"
down_revision = "evidence_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("evidence_books", sa.Column("complete_up_to", sa.BigInteger, nullable=True))
    op.add_column("evidence_books", sa.Column("complete_next", sa.BigInteger, nullable=True))
