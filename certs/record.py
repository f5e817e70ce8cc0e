"""What an authority has issued: every serial, also of certificates that were replaced since.

A file ``issued.json`` beside the authority. Without it nothing that was replaced could be
revoked: its certificate is nowhere else.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cryptography import x509

from certs import forms, storage
from certs.storage import CertificateError

FILE = "issued.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate; ``authority`` names the key that signed it."""

    serial: int
    name: str
    authority: str
    purpose: str
    begins_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    reason: str = ""

    @classmethod
    def of(cls, certificate: x509.Certificate, authority: str) -> Self:
        """Return what is written down of a certificate."""
        return cls(
            certificate.serial_number,
            forms.common_name(certificate),
            authority,
            forms.purpose_of(certificate).value,
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    @property
    def shown(self) -> str:
        """The serial as commands show and take it."""
        return f"{self.serial:x}"

    def ended(self, now: datetime) -> bool:
        """Return whether it is good no more by its own date."""
        return self.ends_at < now


class Record:
    """The entries of one authority, and how many lists of revoked ones were made."""

    def __init__(self, path: Path) -> None:
        """Read the record; an authority of before has none yet."""
        self._path = path
        self.crl_number = 0
        self._entries: dict[int, Entry] = {}
        if path.exists():
            self._read(path)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, serial: int) -> bool:
        return serial in self._entries

    def add(self, entry: Entry) -> None:
        """Write one more down; ``save`` keeps it."""
        self._entries[entry.serial] = entry

    def revoke(self, serial: int, reason: str) -> None:
        """Say that one is revoked; the first time and reason stay."""
        entry = self._entries[serial]
        if entry.revoked_at is None:
            now = datetime.now(UTC).replace(microsecond=0)
            self._entries[serial] = replace(entry, revoked_at=now, reason=reason)

    def save(self) -> None:
        """Write it, whole or not at all."""
        kept = [_written(entry) for entry in self]
        content = json.dumps({"crl_number": self.crl_number, "issued": kept}, indent=1) + "\n"
        storage.write(self._path, content.encode(), storage.CERTIFICATE_MODE)

    def _read(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text("utf-8"))
            self.crl_number = int(content["crl_number"])
            for given in content["issued"]:
                self.add(_entry(given))
        except (ValueError, KeyError, TypeError) as error:
            raise CertificateError(
                f"{path} is not what Lupu wrote: bring it back from a backup, for without it "
                "nothing that was replaced can be revoked."
            ) from error


def _written(entry: Entry) -> dict[str, Any]:
    told = asdict(entry) | {"serial": entry.shown}
    return {key: _text(value) for key, value in told.items() if value not in (None, "")}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _entry(given: dict[str, str]) -> Entry:
    read: dict[str, Callable[[str], Any]] = {
        "serial": lambda text: int(text, 16),
        "begins_at": datetime.fromisoformat,
        "ends_at": datetime.fromisoformat,
        "revoked_at": datetime.fromisoformat,
    }
    return Entry(**{key: read.get(key, str)(value) for key, value in given.items()})
