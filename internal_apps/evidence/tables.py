"""The tables of evidence: the gateways' books as they came, and what was found wrong in them."""

import sqlalchemy as sa

from adapters.database.columns import UtcTime, ascii_text, characters, identity

DETAIL_CHARACTERS_MAX = 500

metadata = sa.MetaData()

gateways = sa.Table(
    "evidence_gateways",
    metadata,
    sa.Column("origin", ascii_text(40), primary_key=True),
    sa.Column("first_heard_at", UtcTime, nullable=False),
    sa.Column("heard_at", UtcTime, nullable=False),
    sa.Column("retired_at", UtcTime, nullable=True),
)

# ``complete_until``: what was sent before it, by its gateway's clock, stands on a page here.
# ``complete_up_to``: so does what has a number up to it. ``complete_next``: the highest number
# there was on the last complete page, up to which all is here once another such page has come.
# ``begun_at``: when the first page came; of books of before it is not known.
books = sa.Table(
    "evidence_books",
    metadata,
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
    sa.Column("begun_at", UtcTime, nullable=True),
    sa.Column("complete_up_to", sa.BigInteger, nullable=True),
    sa.Column("complete_next", sa.BigInteger, nullable=True),
)

# What a gateway wrote twice is two rows, and is found: hence no unique key on transmissions.
# ``known_at``: when the page came that says so; of pages of before it is not known.
sent = sa.Table(
    "evidence_sent",
    metadata,
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
    sa.Column("known_at", UtcTime, nullable=True),
    sa.Index("evidence_sent_transmission", "origin", "boot", "sequence"),
    sa.Index("evidence_sent_at", "sent_at"),
    sa.Index("evidence_sent_request", "request_id"),
)

stopped = sa.Table(
    "evidence_stopped",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("origin", ascii_text(40), nullable=False),
    sa.Column("boot", ascii_text(40), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("request_id", ascii_text(160), nullable=False),
    sa.Column("crossed", ascii_text(64), nullable=False),
    sa.Column("reason", characters(DETAIL_CHARACTERS_MAX), nullable=False),
    sa.Column("stopped_at", UtcTime, nullable=False),
    sa.Index("evidence_stopped_transmission", "origin", "boot", "sequence"),
    sa.Index("evidence_stopped_at", "stopped_at"),
    sa.Index("evidence_stopped_request", "request_id"),
)

findings = sa.Table(
    "evidence_findings",
    metadata,
    sa.Column("number", identity(), primary_key=True, autoincrement=True),
    sa.Column("found_at", UtcTime, nullable=False),
    sa.Column("kind", ascii_text(24), nullable=False),
    sa.Column("origin", ascii_text(40), nullable=False),
    sa.Column("boot", ascii_text(40), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("page", sa.BigInteger, nullable=False),
    sa.Column("detail", characters(DETAIL_CHARACTERS_MAX), nullable=False),
    sa.Index("evidence_findings_found_at", "found_at"),
)

queues = sa.Table(
    "evidence_queues",
    metadata,
    sa.Column("queue", ascii_text(60), primary_key=True),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("looked_at", UtcTime, nullable=False),
)
