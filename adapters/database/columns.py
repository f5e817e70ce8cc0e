"""Column types that mean the same on SQLite, PostgreSQL and Db2.

Lengths are given in characters; a Chinese character beyond the basic plane takes four bytes,
and Db2 counts bytes, so a column is four times as wide. Times are UTC without a zone, numbers
of money are whole fen in BIGINT. There are no LOBs: see ``parts``.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

BYTES_PER_CHARACTER_MAX = 4
PART_CHARACTERS_MAX = 7_000


def characters(count_max: int) -> sa.String:
    """Text of at most ``count_max`` characters of any script."""
    return sa.String(BYTES_PER_CHARACTER_MAX * count_max)


def ascii_text(count_max: int) -> sa.String:
    """Text of our own making: names, codes, digests."""
    return sa.String(count_max)


def identity() -> Any:
    """A number the database gives out; SQLite only counts up in a plain INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A point in time: aware and UTC in Python, TIMESTAMP in the database."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        """Drop the zone, after bringing the time to UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, _dialect: sa.Dialect
    ) -> datetime | None:
        """Say again that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)
