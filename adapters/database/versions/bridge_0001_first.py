"""The bridge's first tables: inbox, what waits, what is parked, outbox.

Revision ID: bridge_0001
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters, identity

revision = "bridge_0001"
down_revision = None
branch_labels = ("bridge",)
depends_on = None

_PART_CHARACTERS_MAX = 7_000


def upgrade() -> None:
    """Create the tables."""
    _inbox()
    _kept()
    _outbox()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("request_id", ascii_text(160), primary_key=True),
        sa.Column("type", ascii_text(60), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("state", ascii_text(10), nullable=False),
        sa.Column("outcome_code", ascii_text(40), nullable=False),
        sa.Column("answer_type", ascii_text(60), nullable=False),
        sa.Column("subject", ascii_text(160), nullable=False),
        sa.Column("accepted_at", UtcTime, nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
        sa.Column("handled_at", UtcTime, nullable=False),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hops", ascii_text(1_000), nullable=False),
        sa.Column("sign_in", characters(100), nullable=False),
        sa.Column("operator", characters(100), nullable=False),
    )
    op.create_index("inbox_subject", "inbox", ["subject", "accepted_at"])
    _parts("inbox_parts", "request_id")


def _kept() -> None:
    op.create_table(
        "waiting",
        sa.Column("request_id", ascii_text(160), primary_key=True),
        sa.Column("subject", ascii_text(160), nullable=False),
        sa.Column("deadline", UtcTime, nullable=False),
        sa.Column("taken_until", UtcTime, nullable=True),
    )
    op.create_index("waiting_subject", "waiting", ["subject"])
    op.create_index("waiting_deadline", "waiting", ["deadline"])
    op.create_table(
        "parked",
        sa.Column("request_id", ascii_text(160), primary_key=True),
        sa.Column("reason", characters(500), nullable=False),
        sa.Column("parked_at", UtcTime, nullable=False),
    )
    op.create_index("parked_parked_at", "parked", ["parked_at"])
    _parts("message_parts", "kept_for")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("owner", ascii_text(40), nullable=False),
        sa.Column("stored_at", UtcTime, nullable=False),
        sa.Column("sent_at", UtcTime, nullable=True),
        sa.Column("rest_key", ascii_text(40), nullable=False),
        sa.Column("text", characters(_PART_CHARACTERS_MAX), nullable=False),
    )
    op.create_index("outbox_sent_at", "outbox", ["sent_at", "number"])


def _parts(table: str, key: str) -> None:
    op.create_table(
        table,
        sa.Column(key, ascii_text(160), primary_key=True),
        sa.Column("kind", ascii_text(10), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("text", characters(_PART_CHARACTERS_MAX), nullable=False),
    )
