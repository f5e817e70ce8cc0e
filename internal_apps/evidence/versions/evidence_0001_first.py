"""The first tables of evidence.

Revision ID: evidence_0001
"""

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters, identity

revision = "evidence_0001"
down_revision = None
branch_labels = ("evidence",)
depends_on = None

_DETAIL_CHARACTERS_MAX = 500


def upgrade() -> None:
    """Create the tables."""
    _gateways()
    _books()
    _sent()
    _stopped()
    _findings()
    _queues()


def _gateways() -> None:
    op.create_table(
        "evidence_gateways",
        sa.Column("origin", ascii_text(40), primary_key=True),
        sa.Column("first_heard_at", UtcTime, nullable=False),
        sa.Column("heard_at", UtcTime, nullable=False),
        sa.Column("retired_at", UtcTime, nullable=True),
    )


def _books() -> None:
    op.create_table(
        "evidence_books",
        sa.Column("origin", ascii_text(40), primary_key=True),
        sa.Column("boot", ascii_text(40), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("pages", sa.BigInteger, nullable=False),
        sa.Column("page_digest", ascii_text(64), nullable=False),
        sa.Column("chain", ascii_text(64), nullable=False),
        sa.Column("made_at", UtcTime, nullable=False),
        sa.Column("heard_at", UtcTime, nullable=False),
        sa.Column("complete_until", UtcTime, nullable=True),
        sa.Column("closed", ascii_text(12), nullable=False),
        sa.Column("key_id", ascii_text(16), nullable=False),
    )


def _sent() -> None:
    op.create_table(
        "evidence_sent",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("type", ascii_text(60), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("sent_at", UtcTime, nullable=False),
        sa.Column("ending", ascii_text(12), nullable=False),
        sa.Column("ended_at", UtcTime, nullable=True),
    )
    op.create_index("evidence_sent_transmission", "evidence_sent", ["origin", "boot", "sequence"])
    op.create_index("evidence_sent_at", "evidence_sent", ["sent_at"])


def _stopped() -> None:
    op.create_table(
        "evidence_stopped",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("request_id", ascii_text(160), nullable=False),
        sa.Column("crossed", ascii_text(64), nullable=False),
        sa.Column("reason", characters(_DETAIL_CHARACTERS_MAX), nullable=False),
        sa.Column("stopped_at", UtcTime, nullable=False),
    )
    op.create_index(
        "evidence_stopped_transmission", "evidence_stopped", ["origin", "boot", "sequence"]
    )
    op.create_index("evidence_stopped_at", "evidence_stopped", ["stopped_at"])


def _findings() -> None:
    op.create_table(
        "evidence_findings",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("found_at", UtcTime, nullable=False),
        sa.Column("kind", ascii_text(24), nullable=False),
        sa.Column("origin", ascii_text(40), nullable=False),
        sa.Column("boot", ascii_text(40), nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("page", sa.BigInteger, nullable=False),
        sa.Column("detail", characters(_DETAIL_CHARACTERS_MAX), nullable=False),
    )
    op.create_index("evidence_findings_found_at", "evidence_findings", ["found_at"])


def _queues() -> None:
    op.create_table(
        "evidence_queues",
        sa.Column("queue", ascii_text(60), primary_key=True),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("looked_at", UtcTime, nullable=False),
    )
