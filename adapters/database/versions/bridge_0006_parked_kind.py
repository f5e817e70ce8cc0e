"""The kind of reason and the size of what is parked, for lists.

Revision ID: bridge_0006
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import ascii_text

revision = "bridge_0006"
down_revision = "bridge_0005"
branch_labels = None
depends_on = None

_KIND_MAX = 80


def upgrade() -> None:
    """Add the columns and the index; the kind of what is parked is read from its reason."""
    op.add_column("parked", sa.Column("kind", ascii_text(80), nullable=True))
    op.add_column("parked", sa.Column("size_bytes", sa.Integer, nullable=True))
    op.create_index("parked_kind", "parked", ["kind", "parked_at"])
    parked = sa.table("parked", *(sa.column(name) for name in ("request_id", "reason", "kind")))
    connection = op.get_bind()
    for request_id, reason in connection.execute(
        sa.select(parked.c.request_id, parked.c.reason)
    ).all():
        kind, colon, _ = reason.partition(": ")
        named = colon and kind.isidentifier() and kind.isascii() and len(kind) <= _KIND_MAX
        connection.execute(
            parked.update()
            .where(parked.c.request_id == request_id)
            .values(kind=kind if named else "Other")
        )
