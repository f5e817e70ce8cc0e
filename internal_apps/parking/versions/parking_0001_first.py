"""The first tables of parking: corrections and the audit trail.

Revision ID: parking_0001
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters, identity

revision = "parking_0001"
down_revision = None
branch_labels = ("parking",)
depends_on = None

_PART_CHARACTERS_MAX = 7_000
_NO_HASH = "0" * 64


def upgrade() -> None:
    """Create the tables; the trail begins empty."""
    _corrections()
    _audit()


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("place", ascii_text(10), nullable=False),
        sa.Column("name", ascii_text(160), nullable=False),
        sa.Column("type", ascii_text(60), nullable=False),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("state", ascii_text(10), nullable=False),
        sa.Column("why", characters(500), nullable=False),
        sa.Column("original_digest", ascii_text(64), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("proposed_by", ascii_text(32), nullable=False),
        sa.Column("proposed_at", UtcTime, nullable=False),
        sa.Column("decided_by", ascii_text(32), nullable=True),
        sa.Column("decided_at", UtcTime, nullable=True),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR decided_by <> proposed_by", name="corrections_two_people"
        ),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR decided_by IS NOT NULL", name="corrections_approved_by"
        ),
    )
    op.create_index("corrections_name", "corrections", ["place", "name"])
    op.create_index("corrections_state", "corrections", ["state", "number"])
    op.create_table(
        "correction_parts",
        sa.Column("correction", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", ascii_text(10), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", characters(_PART_CHARACTERS_MAX), nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("who", ascii_text(32), nullable=False),
        sa.Column("what", ascii_text(20), nullable=False),
        sa.Column("place", ascii_text(10), nullable=False),
        sa.Column("name", ascii_text(160), nullable=False),
        sa.Column("why", characters(500), nullable=False),
        sa.Column("facts", characters(1_000), nullable=False),
        sa.Column("previous", ascii_text(64), nullable=False),
        sa.Column("hash", ascii_text(64), nullable=False),
    )
    op.create_index("audit_name", "audit", ["name", "number"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", ascii_text(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": _NO_HASH}])
