"""The gateway's settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from hub.errors import SettingsError
from hub.guard import BODY_BYTES_MAX

SENDER_FAULT_STATUSES = (400, 500)
TOKEN_WINDOW_SECONDS_MAX = 900.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """How the gateway listens, waits and limits.

    ``socket`` is the unix socket on which HAProxy reaches it; ``snapshots`` the folder of what
    was last published; ``replays`` the folder, shared by every gateway of the machine, that
    remembers used nonces. ``waiting_max`` requests may wait for a reply at once; above it the
    answer is RECEIVED. ``threads`` is larger, so that there is always one left to say so.
    ``drains_max``: of so many bodies that are too large the rest is awaited at once, so that
    their senders see the answer; a body by the drop must not hold every thread.
    ``feeds_max`` feeds are read at once; a part of one that the broker does not take is sent again
    for ``feed_patience_seconds``.
    A repeat of a confirmed request only asks for its outcome, as long as it is among the last
    ``recent_max``; if the inside still does not know it after ``recent_seconds`` it is sent again.
    ``sender_fault_status`` is the HTTP status of
    SOAP 1.2 Sender faults: the standard says 400, with which .NET throws the fault away.
    ``books`` is the folder of this gateway's books, below ``snapshots`` where none is named; a
    page of them is sent every ``book_page_seconds``, a file holds about ``book_bytes_max``, and
    one that the inside has is kept for ``books_kept_days``.
    A broker of several nodes that goes away is waited for ``broker_wait_seconds`` before requests
    are refused, and what may have gone with a connection is sent once more; 0: neither.
    ``one_processor``: stay on one; the number in the component's name chooses it.
    """

    section: ClassVar[str] = "gateway"
    socket: Path
    snapshots: Path
    replays: Path
    public_url: str
    socket_mode: int = 0o660
    threads: int = 64
    waiting_max: int = 48
    body_bytes_max: int = BODY_BYTES_MAX
    drains_max: int = 8
    header_read_seconds: int = 10
    feeds_max: int = 2
    feed_patience_seconds: float = 60.0
    reply_wait_seconds: float = 10.0
    query_wait_seconds: float = 10.0
    broker_wait_seconds: float = 3.0
    ask_again_seconds: int = 5
    recent_max: int = 100_000
    recent_seconds: float = 60.0
    credentials_age_seconds_max: float = 86_400.0
    token_window_seconds: float = 300.0
    sender_fault_status: int = 500
    one_processor: bool = True
    memory_mib_max: int = 768
    memory_sample_seconds: int = 10
    books: Path = Path()
    book_page_seconds: float = 10.0
    book_bytes_max: int = 16 * 1_024 * 1_024
    books_kept_days: float = 30.0

    def books_of(self, name: str) -> Path:
        """Return the folder of a gateway's books."""
        return self.snapshots / "books" / name if self.books == Path() else self.books

    def check(self) -> None:
        """SettingsError where entries contradict each other."""
        if self.waiting_max + self.drains_max + self.feeds_max >= self.threads:
            raise SettingsError(
                "[gateway] waiting_max, drains_max and feeds_max together must be smaller than "
                "threads."
            )
        if self.book_page_seconds <= 0 or self.books_kept_days < 0 or self.book_bytes_max <= 0:
            raise SettingsError("[gateway] book_page_seconds and book_bytes_max must be above 0.")
        if not 0 < self.token_window_seconds <= TOKEN_WINDOW_SECONDS_MAX:
            raise SettingsError(
                f"[gateway] token_window_seconds must be 1 to {TOKEN_WINDOW_SECONDS_MAX:.0f}: "
                "hubs take no older signature."
            )
        if self.sender_fault_status not in SENDER_FAULT_STATUSES:
            raise SettingsError("[gateway] sender_fault_status must be 400 or 500.")
        if not 0 < self.body_bytes_max <= BODY_BYTES_MAX:
            raise SettingsError(f"[gateway] body_bytes_max must be 1 to {BODY_BYTES_MAX}.")
        address = urlsplit(self.public_url)
        if address.scheme not in ("http", "https") or not address.netloc:
            raise SettingsError("[gateway] public_url must be a URL such as https://host:8443.")
