"""A session's announcement: what is signed at its beginning and travels with each message.

A CBOR map with the claims of RFC 8392 (1 issuer, 4 end, 6 beginning, 7 id) and, under -65537,
the session's key wrapped for each reader, by the id of the reader's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import cbor2

from hub.errors import NotAuthentic

PURPOSE = "session"
SESSION_ID_BYTES = 16
READERS_MAX = 200
# So many readers fit, each with its key's id and the wrapped key, and nothing beside.
ANNOUNCEMENT_BYTES_MAX = 20_000
# An end that comes too soon is an EOFError and no ValueError.
_UNREADABLE = (
    *(cbor2.CBORError, EOFError, ValueError, LookupError),
    *(TypeError, AttributeError, OverflowError, OSError),
)
_ISSUER, _END, _BEGIN, _ID, _READERS = 1, 4, 6, 7, -65537


@dataclass(frozen=True, slots=True)
class Announcement:
    """Who seals, from when until when (whole seconds, UTC), and the key for each reader."""

    sender: str
    session: bytes
    begins_at: datetime
    ends_at: datetime
    wrapped: Mapping[bytes, bytes]

    def write(self) -> bytes:
        """Return the bytes that are signed."""
        return cbor2.dumps(
            {
                _ISSUER: self.sender,
                _END: int(self.ends_at.timestamp()),
                _BEGIN: int(self.begins_at.timestamp()),
                _ID: self.session,
                _READERS: dict(self.wrapped),
            },
            canonical=True,
        )

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Read what a trusted key has signed; NotAuthentic where it is no announcement."""
        try:
            return cls._of(cbor2.loads(payload))
        except _UNREADABLE as error:
            raise NotAuthentic("What was signed announces no session.") from error

    @classmethod
    def _of(cls, claims: dict[int, Any]) -> Self:
        sender, session, wrapped = claims[_ISSUER], claims[_ID], claims[_READERS]
        pairs = [*wrapped.items()]
        texts = [session, *(part for pair in pairs for part in pair)]
        if not isinstance(sender, str) or not all(isinstance(text, bytes) for text in texts):
            raise TypeError("a claim is of another type")
        if len(pairs) > READERS_MAX or len(session) != SESSION_ID_BYTES:
            raise ValueError("a claim is too long")
        begins_at, ends_at = _time(claims[_BEGIN]), _time(claims[_END])
        return cls(sender, session, begins_at, ends_at, wrapped)


def _time(seconds: object) -> datetime:
    if not isinstance(seconds, int):
        raise TypeError("a time is not a whole number of seconds")
    return datetime.fromtimestamp(seconds, UTC)
