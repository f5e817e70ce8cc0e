"""What ``lupu check`` says of a gateway."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.xml import Schemas
from dmz_gateway.checks import look
from dmz_gateway.settings import Gateway
from hub.checks import Check
from hub.errors import SettingsError
from tests.unit.hub_world import NOON, MovedClock

SCHEMAS = Schemas()


def checks(folder: Path) -> dict[str, Check]:
    """Return the checks of a gateway under ``folder``, by name."""
    settings = Gateway(
        folder / "gateway.sock", folder / "snapshots", folder / "replays", "https://localhost:1"
    )
    return {entry.name: entry for entry in look(settings, SCHEMAS, MovedClock())}


def keep(folder: Path, name: str, hours_ago: float) -> None:
    """Put a snapshot on disk."""
    (folder / "snapshots").mkdir(exist_ok=True)
    values = {"Version": 1, "PublishedAt": NOON - timedelta(hours=hours_ago)}
    body = SCHEMAS.write(f"{{urn:lupu:published:1}}{name}", values)
    (folder / "snapshots" / f"{name}.1.xml").write_bytes(body)


def test_fresh_snapshots_and_folders_are_fine(tmp_path: Path) -> None:
    """Everything there and young: every check is fine, and the age is said."""
    keep(tmp_path, "Agents", 1)
    keep(tmp_path, "Offers", 1)
    found = checks(tmp_path)
    assert all(entry.fine for entry in found.values())
    assert "3600 seconds" in found["snapshot of Offers"].sentence


def test_a_folder_of_books_that_is_named_is_looked_at(tmp_path: Path) -> None:
    """Nothing is sent without a book, so whether it can be written is said beforehand."""
    assert "books" not in checks(tmp_path)
    settings = Gateway(
        *(tmp_path / "gateway.sock", tmp_path / "snapshots", tmp_path / "replays"),
        "https://localhost:1",
        books=tmp_path / "books" / "gateway-1",
    )
    found = {entry.name: entry for entry in look(settings, SCHEMAS, MovedClock())}
    assert found["books"].fine


def test_missing_and_stale_snapshots_say_what_to_do(tmp_path: Path) -> None:
    """No offers yet, and agents older than the setting: neither is fine."""
    keep(tmp_path, "Agents", 30)
    found = checks(tmp_path)
    assert not found["snapshot of Agents"].fine
    assert "hub" in found["snapshot of Agents"].sentence
    assert not found["snapshot of Offers"].fine


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"waiting_max": 64}, "waiting_max"),
        ({"sender_fault_status": 200}, "sender_fault_status"),
        ({"body_bytes_max": 10_000_000}, "body_bytes_max"),
        ({"public_url": "localhost"}, "public_url"),
        ({"book_page_seconds": 0}, "book_page_seconds"),
    ],
)
def test_settings_that_contradict_are_told(
    tmp_path: Path, changes: dict[str, object], entry: str
) -> None:
    """A setting that cannot be is told by its name before anything starts."""
    values = {
        "socket": tmp_path,
        "snapshots": tmp_path,
        "replays": tmp_path,
        "public_url": "https://a:1",
        **changes,
    }
    with pytest.raises(SettingsError, match=entry):
        Gateway(**values).check()  # type: ignore[arg-type]
