"""The tables of ticketing: what is sold under which rules, and what was booked.

Every rule is a row with the time it takes effect and, where it ends, the time it does: in force
from ``effective_from`` until before ``effective_to``. ``*`` in a rule stands for any.
"""

from typing import Any

import sqlalchemy as sa

from adapters.database.columns import UtcTime, ascii_text, characters, identity

metadata = sa.MetaData()

ANY = "*"
CODE = 30
SOURCE_CHARACTERS_MAX = 200


def _effective() -> list[sa.Column[Any]]:
    return [
        sa.Column("effective_from", UtcTime, nullable=False),
        sa.Column("effective_to", UtcTime, nullable=True),
        sa.Column("source", characters(SOURCE_CHARACTERS_MAX), nullable=False),
    ]


def _rule(name: str, *columns: sa.Column[Any]) -> sa.Table:
    number: sa.Column[Any] = sa.Column("number", identity(), primary_key=True)
    return sa.Table(name, metadata, number, *columns, *_effective())


ticket_types = sa.Table(
    "ticket_types",
    metadata,
    sa.Column("code", ascii_text(CODE), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("name_en", characters(60), nullable=False),
    sa.Column("name_zh", characters(60), nullable=False),
    sa.Column("group_only", sa.Integer, nullable=False),
)
prices = _rule(
    "prices",
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
    sa.Column("price_fen", sa.BigInteger, nullable=False),
)
day_classes = _rule(
    "day_classes",
    sa.Column("visit_day", sa.Date, nullable=False),
    sa.Column("day_class", ascii_text(CODE), nullable=False),
)
admissions = _rule(
    "admissions",
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("day_class", ascii_text(CODE), nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("admission_from", ascii_text(5), nullable=False),
    sa.Column("visits", sa.Integer, nullable=False),
    sa.Column("bookable", sa.Integer, nullable=False),
)
sale_windows = _rule(
    "sale_windows",
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("kind", ascii_text(CODE), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
)
sale_stops = _rule(
    "sale_stops",
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
)
kinds = _rule(
    "kinds",
    sa.Column("kind", ascii_text(CODE), nullable=False),
    sa.Column("hold_seconds", sa.BigInteger, nullable=False),
    sa.Column("quantity_min", sa.BigInteger, nullable=False),
    sa.Column("quantity_max", sa.BigInteger, nullable=False),
)

quota = sa.Table(
    "quota",
    metadata,
    sa.Column("number", identity(), primary_key=True),
    sa.Column("visit_day", sa.Date, nullable=False),
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
    sa.Column("capacity", sa.BigInteger, nullable=False),
    sa.Column("taken", sa.BigInteger, nullable=False),
    sa.Column("source", characters(SOURCE_CHARACTERS_MAX), nullable=False),
    sa.UniqueConstraint("visit_day", "ticket_type", "channel", name="quota_once"),
)

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("reference", ascii_text(16), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", ascii_text(10), nullable=False),
    sa.Column("kind", ascii_text(CODE), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
    sa.Column("sender", ascii_text(60), nullable=False),
    sa.Column("placed_as", ascii_text(64), nullable=False),
    sa.Column("contact_name", characters(100), nullable=False),
    sa.Column("telephone", characters(40), nullable=False),
    sa.Column("telephone_digits", ascii_text(40), nullable=False),
    sa.Column("email", characters(254), nullable=False),
    sa.Column("hold_until", UtcTime, nullable=True),
    sa.Column("placed_at", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.UniqueConstraint("sender", "placed_as", name="bookings_once"),
    sa.Index("bookings_state_hold", "state", "hold_until"),
    sa.Index("bookings_placed_at", "placed_at", "reference"),
    sa.Index("bookings_telephone", "telephone_digits"),
)
booking_lines = sa.Table(
    "booking_lines",
    metadata,
    sa.Column("reference", ascii_text(16), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("ticket_type", ascii_text(CODE), nullable=False),
    sa.Column("visit_day", sa.Date, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("unit_price_fen", sa.BigInteger, nullable=False),
    sa.Index("booking_lines_day", "visit_day"),
)
booking_draws = sa.Table(
    "booking_draws",
    metadata,
    sa.Column("reference", ascii_text(16), primary_key=True),
    sa.Column("quota_number", sa.BigInteger, primary_key=True),
    sa.Column("quantity", sa.BigInteger, nullable=False),
)

# What feeds say of themselves at their end, and which bookings came by them.
feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("sender", ascii_text(60), primary_key=True),
    sa.Column("feed", ascii_text(40), primary_key=True),
    sa.Column("bookings", sa.Integer, nullable=False),
    sa.Column("digest", ascii_text(64), nullable=False),
)
feed_bookings = sa.Table(
    "feed_bookings",
    metadata,
    sa.Column("sender", ascii_text(60), primary_key=True),
    sa.Column("feed", ascii_text(40), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("request_id", ascii_text(160), nullable=False),
    sa.Column("digest", ascii_text(64), nullable=False),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("number", ascii_text(32), primary_key=True),
    sa.Column("name_en", characters(100), nullable=False),
    sa.Column("name_zh", characters(100), nullable=False),
    sa.Column("channel", ascii_text(CODE), nullable=False),
    sa.Column("status", ascii_text(10), nullable=False),
    sa.Column("group_allowed", sa.Integer, nullable=False),
    sa.Column("digest_allowed", sa.Integer, nullable=False),
    sa.Column("sha1_allowed", sa.Integer, nullable=False),
    sa.Column("requests_per_second", sa.Integer, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
)
agent_secrets = sa.Table(
    "agent_secrets",
    metadata,
    sa.Column("number", identity(), primary_key=True),
    sa.Column("agent", ascii_text(32), nullable=False),
    sa.Column("salt", ascii_text(64), nullable=False),
    sa.Column("verifier", ascii_text(64), nullable=False),
    sa.Column("digest_secret", ascii_text(64), nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("ends_at", UtcTime, nullable=True),
    sa.Index("agent_secrets_agent", "agent"),
)
agent_certificates = sa.Table(
    "agent_certificates",
    metadata,
    sa.Column("agent", ascii_text(32), primary_key=True),
    sa.Column("purpose", ascii_text(10), primary_key=True),
    sa.Column("fingerprint", ascii_text(64), primary_key=True),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime, nullable=True),
)
publications = sa.Table(
    "publications",
    metadata,
    sa.Column("topic", ascii_text(40), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("digest", ascii_text(64), nullable=False),
    sa.Column("published_at", UtcTime, nullable=True),
)
