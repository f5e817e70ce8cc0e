"""Where the staff's web listens and how patient it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hub.errors import SettingsError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Staff:
    """A unix ``socket`` or a loopback ``port``: HAProxy ends TLS in front of either.

    ``session_idle_seconds`` counts from the last page, ``session_seconds_max`` from the sign-in.
    ``failures_per_account_max`` counts one account from one address; of an account that failed
    ``failures_anywhere_max`` times one may try every ``failures_slow_seconds``.
    ``reply_wait_seconds`` is how long a page waits for an answer before it says RECEIVED.
    """

    section: ClassVar[str] = "staff"
    socket: Path = Path()
    socket_mode: int = 0o660
    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 16
    reply_wait_seconds: float = 5.0
    session_idle_seconds: int = 1_800
    session_seconds_max: int = 43_200
    failures_per_account_max: int = 8
    failures_per_address_max: int = 40
    failures_anywhere_max: int = 24
    failures_slow_seconds: int = 20
    failures_window_seconds: int = 900
    form_bytes_max: int = 65_536

    def check(self) -> None:
        """SettingsError where it would listen where others could reach it."""
        if self.port and self.host not in LOOPBACK:
            raise SettingsError("[staff] host must be loopback: HAProxy ends TLS in front of it.")

    def check_listens(self) -> None:
        """SettingsError where the pages would listen nowhere, or in two places."""
        if (self.socket != Path()) == bool(self.port):
            raise SettingsError("[staff] needs either socket or port, not both.")
