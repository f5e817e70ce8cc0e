"""Parking's tables: corrections with what they replace, and the audit trail.

The migrations in ``versions`` create them; this module is how the code reads them.
"""

import sqlalchemy as sa

from adapters.database.columns import (
    PART_CHARACTERS_MAX,
    UtcTime,
    ascii_text,
    characters,
    identity,
)

metadata = sa.MetaData()

WHY_CHARACTERS_MAX = 500
FACTS_CHARACTERS_MAX = 1_000
ACCOUNT_CHARACTERS_MAX = 32
# The one row of ``audit_head``.
HEAD = 1

corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("place", ascii_text(10), nullable=False),
    sa.Column("name", ascii_text(160), nullable=False),
    sa.Column("type", ascii_text(60), nullable=False),
    sa.Column("request_id", ascii_text(160), nullable=False),
    sa.Column("state", ascii_text(10), nullable=False),
    sa.Column("why", characters(WHY_CHARACTERS_MAX), nullable=False),
    sa.Column("original_digest", ascii_text(64), nullable=False),
    sa.Column("digest", ascii_text(64), nullable=False),
    sa.Column("proposed_by", ascii_text(ACCOUNT_CHARACTERS_MAX), nullable=False),
    sa.Column("proposed_at", UtcTime, nullable=False),
    sa.Column("decided_by", ascii_text(ACCOUNT_CHARACTERS_MAX), nullable=True),
    sa.Column("decided_at", UtcTime, nullable=True),
    sa.CheckConstraint(
        "state <> 'APPROVED' OR decided_by <> proposed_by", name="corrections_two_people"
    ),
    sa.CheckConstraint(
        "state <> 'APPROVED' OR decided_by IS NOT NULL", name="corrections_approved_by"
    ),
    sa.Index("corrections_name", "place", "name"),
    sa.Index("corrections_state", "state", "number"),
)

correction_parts = sa.Table(
    "correction_parts",
    metadata,
    sa.Column("correction", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", ascii_text(10), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", characters(PART_CHARACTERS_MAX), nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", ascii_text(ACCOUNT_CHARACTERS_MAX), nullable=False),
    sa.Column("what", ascii_text(20), nullable=False),
    sa.Column("place", ascii_text(10), nullable=False),
    sa.Column("name", ascii_text(160), nullable=False),
    sa.Column("why", characters(WHY_CHARACTERS_MAX), nullable=False),
    sa.Column("facts", characters(FACTS_CHARACTERS_MAX), nullable=False),
    sa.Column("previous", ascii_text(64), nullable=False),
    sa.Column("hash", ascii_text(64), nullable=False),
    sa.Index("audit_name", "name", "number"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("hash", ascii_text(64), nullable=False),
)
