"""Passwords as argon2id; a check takes the same work whether the account exists or not."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 200
CHECKS_AT_ONCE_MAX = 2

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class Passwords:
    """Hashes and checks, a few at once: each takes 64 MiB, and sign-in is open to anybody."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """``hasher``: another cost than argon2-cffi's own, for tests."""
        self._hasher = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(CHECKS_AT_ONCE_MAX)
        self._nobodys = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """Return what is stored; ValueError where the password is too short or too long."""
        if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
            raise ValueError(
                f"A password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} "
                "characters."
            )
        with self._places:
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether it is the password; None, an unknown account, costs the same."""
        with self._places:
            try:
                self._hasher.verify(stored or self._nobodys, password[:PASSWORD_CHARACTERS_MAX])
            except (VerifyMismatchError, InvalidHashError):
                return False
        return stored is not None


def generate() -> str:
    """Return a password of 100 bits that can be read out: four groups of five."""
    letters = [secrets.choice(_ALPHABET) for _ in range(20)]
    return "-".join("".join(letters[start : start + 5]) for start in range(0, 20, 5))
