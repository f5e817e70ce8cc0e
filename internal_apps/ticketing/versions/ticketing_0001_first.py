"""Ticketing's first tables: what is sold under which rules, bookings, agents, publications.

Revision ID: ticketing_0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from adapters.database.columns import UtcTime, ascii_text, characters, identity

revision = "ticketing_0001"
down_revision = None
branch_labels = ("ticketing",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _rules()
    _bookings()
    _agents()
    _publications()


def _rule(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        *columns,
        sa.Column("effective_from", UtcTime, nullable=False),
        sa.Column("effective_to", UtcTime, nullable=True),
        sa.Column("source", characters(200), nullable=False),
    )


def _rules() -> None:
    op.create_table(
        "ticket_types",
        sa.Column("code", ascii_text(30), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name_en", characters(60), nullable=False),
        sa.Column("name_zh", characters(60), nullable=False),
        sa.Column("group_only", sa.Integer, nullable=False),
    )
    _rule(
        "prices",
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
    )
    _rule(
        "day_classes",
        sa.Column("visit_day", sa.Date, nullable=False),
        sa.Column("day_class", ascii_text(30), nullable=False),
    )
    _rule(
        "admissions",
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("day_class", ascii_text(30), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("admission_from", ascii_text(5), nullable=False),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("bookable", sa.Integer, nullable=False),
    )
    _rule(
        "sale_windows",
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("kind", ascii_text(30), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
    )
    _stops_and_places()


def _stops_and_places() -> None:
    _rule(
        "sale_stops",
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
    )
    _rule(
        "kinds",
        sa.Column("kind", ascii_text(30), nullable=False),
        sa.Column("hold_seconds", sa.BigInteger, nullable=False),
        sa.Column("quantity_min", sa.BigInteger, nullable=False),
        sa.Column("quantity_max", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "quota",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("visit_day", sa.Date, nullable=False),
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("source", characters(200), nullable=False),
        sa.UniqueConstraint("visit_day", "ticket_type", "channel", name="quota_once"),
    )


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("reference", ascii_text(16), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", ascii_text(10), nullable=False),
        sa.Column("kind", ascii_text(30), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
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
    )
    op.create_index("bookings_placed_at", "bookings", ["placed_at", "reference"])
    op.create_index("bookings_state_hold", "bookings", ["state", "hold_until"])
    op.create_index("bookings_telephone", "bookings", ["telephone_digits"])
    op.create_table(
        "booking_lines",
        sa.Column("reference", ascii_text(16), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("ticket_type", ascii_text(30), nullable=False),
        sa.Column("visit_day", sa.Date, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger, nullable=False),
    )
    op.create_index("booking_lines_day", "booking_lines", ["visit_day"])
    op.create_table(
        "booking_draws",
        sa.Column("reference", ascii_text(16), primary_key=True),
        sa.Column("quota_number", sa.BigInteger, primary_key=True),
        sa.Column("quantity", sa.BigInteger, nullable=False),
    )


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("number", ascii_text(32), primary_key=True),
        sa.Column("name_en", characters(100), nullable=False),
        sa.Column("name_zh", characters(100), nullable=False),
        sa.Column("channel", ascii_text(30), nullable=False),
        sa.Column("status", ascii_text(10), nullable=False),
        sa.Column("group_allowed", sa.Integer, nullable=False),
        sa.Column("digest_allowed", sa.Integer, nullable=False),
        sa.Column("sha1_allowed", sa.Integer, nullable=False),
        sa.Column("requests_per_second", sa.Integer, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
    )
    op.create_table(
        "agent_secrets",
        sa.Column("number", identity(), primary_key=True, autoincrement=True),
        sa.Column("agent", ascii_text(32), nullable=False),
        sa.Column("salt", ascii_text(64), nullable=False),
        sa.Column("verifier", ascii_text(64), nullable=False),
        sa.Column("digest_secret", ascii_text(64), nullable=False),
        sa.Column("added_at", UtcTime, nullable=False),
        sa.Column("ends_at", UtcTime, nullable=True),
    )
    op.create_index("agent_secrets_agent", "agent_secrets", ["agent"])
    op.create_table(
        "agent_certificates",
        sa.Column("agent", ascii_text(32), primary_key=True),
        sa.Column("purpose", ascii_text(10), primary_key=True),
        sa.Column("fingerprint", ascii_text(64), primary_key=True),
        sa.Column("added_at", UtcTime, nullable=False),
    )


def _publications() -> None:
    publications = op.create_table(
        "publications",
        sa.Column("topic", ascii_text(40), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("published_at", UtcTime, nullable=True),
    )
    for topic in ("Offers", "Agents"):
        row = {"topic": topic, "version": 0, "digest": "", "published_at": None}
        op.execute(publications.insert().values(row))
