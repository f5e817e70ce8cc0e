"""The bridge's own tables, in every application's database beside its business tables.

``inbox`` is small and never pruned; ``inbox_parts`` holds bodies, answers and proofs and is
(``pruning``). ``reused`` has what came again under a used reference with other values.
The migrations in ``versions`` create these tables; this module is how the code reads them.
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

BODY = "BODY"
ANSWER = "ANSWER"
PROOF = "PROOF"

inbox = sa.Table(
    "inbox",
    metadata,
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
    sa.Column("replied_at", UtcTime, nullable=True),
    sa.Column("attempts", sa.Integer, nullable=True),
    sa.Index("inbox_subject", "subject", "accepted_at"),
)

# A line for each transmission taken in, two for one that was doubled: hence no unique key on it.
inside_book = sa.Table(
    "inside_book",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("origin", ascii_text(40), nullable=False),
    sa.Column("boot", ascii_text(40), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("request_id", ascii_text(160), nullable=False),
    sa.Column("type", ascii_text(60), nullable=False),
    sa.Column("crossed", ascii_text(64), nullable=False),
    sa.Column("what", ascii_text(12), nullable=False),
    sa.Column("taken_at", UtcTime, nullable=False),
    sa.Column("trace", ascii_text(32), nullable=True),
    sa.Index("inside_book_transmission", "origin", "boot", "sequence"),
    sa.Index("inside_book_taken_at", "taken_at"),
    sa.Index("inside_book_trace", "trace"),
    sa.Index("inside_book_request", "request_id"),
)

inbox_parts = sa.Table(
    "inbox_parts",
    metadata,
    sa.Column("request_id", ascii_text(160), primary_key=True),
    sa.Column("kind", ascii_text(10), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", characters(PART_CHARACTERS_MAX), nullable=False),
    sa.Column("stored_at", UtcTime, nullable=True),
    sa.Index("inbox_parts_stored_at", "kind", "stored_at"),
)

reused = sa.Table(
    "reused",
    metadata,
    sa.Column("request_id", ascii_text(160), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("digest", ascii_text(64), nullable=False),
    sa.Column("origin", ascii_text(40), nullable=False),
    sa.Column("boot", ascii_text(40), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("accepted_at", UtcTime, nullable=False),
    sa.Column("refused_at", UtcTime, nullable=False),
    sa.Column("sign_in", characters(100), nullable=False),
    sa.Column("operator", characters(100), nullable=False),
    sa.Index("reused_refused_at", "refused_at"),
)

waiting = sa.Table(
    "waiting",
    metadata,
    sa.Column("request_id", ascii_text(160), primary_key=True),
    sa.Column("subject", ascii_text(160), nullable=False),
    sa.Column("deadline", UtcTime, nullable=False),
    sa.Column("taken_until", UtcTime, nullable=True),
    sa.Index("waiting_subject", "subject"),
    sa.Index("waiting_deadline", "deadline"),
)

parked = sa.Table(
    "parked",
    metadata,
    sa.Column("request_id", ascii_text(160), primary_key=True),
    sa.Column("reason", characters(500), nullable=False),
    sa.Column("parked_at", UtcTime, nullable=False),
    sa.Column("kind", ascii_text(80), nullable=True),
    sa.Column("size_bytes", sa.Integer, nullable=True),
    sa.Index("parked_parked_at", "parked_at"),
    sa.Index("parked_kind", "kind", "parked_at"),
)

# One row: when the last replay of all is or was due; whoever adds one locks it.
replays = sa.Table(
    "replays",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_due", UtcTime, nullable=True),
)

# The oldest schema version whose program runs on this database, of each line.
programs = sa.Table(
    "programs",
    metadata,
    sa.Column("line", ascii_text(40), primary_key=True),
    sa.Column("oldest", ascii_text(40), nullable=False),
)

traffic = sa.Table(
    "traffic",
    metadata,
    sa.Column("mode", ascii_text(10), primary_key=True),
    sa.Column("kind", ascii_text(10), primary_key=True),
    sa.Column("name", ascii_text(40), primary_key=True),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("who", ascii_text(32), nullable=False),
    sa.Column("why", characters(500), nullable=False),
)

standing = sa.Table(
    "standing",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("request_id", ascii_text(160), nullable=False),
    sa.Column("line", ascii_text(160), nullable=False),
    sa.Index("standing_request", "request_id", unique=True),
    sa.Index("standing_line", "line", "number"),
)

WAITING = "WAITING"
PARKED = "PARKED"
OUTBOX = "OUTBOX"

message_parts = sa.Table(
    "message_parts",
    metadata,
    sa.Column("kept_for", ascii_text(160), primary_key=True),
    sa.Column("kind", ascii_text(10), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", characters(PART_CHARACTERS_MAX), nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("owner", ascii_text(40), nullable=False),
    sa.Column("stored_at", UtcTime, nullable=False),
    sa.Column("sent_at", UtcTime, nullable=True),
    sa.Column("rest_key", ascii_text(40), nullable=False),
    sa.Column("text", characters(PART_CHARACTERS_MAX), nullable=False),
    sa.Column("request_id", ascii_text(160), nullable=True),
    sa.Index("outbox_sent_at", "sent_at", "number"),
)
