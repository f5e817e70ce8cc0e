"""Snapshots: the newest edition counts, an older one never, and a copy stays on disk."""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.published import Edition, Snapshot
from hub.envelope import Wire
from hub.errors import InvalidBody, SettingsError
from hub.messages import message_type
from hub.ports import Delivery
from tests.contract.transports import until
from tests.unit.hub_world import NOON, CountedMetrics, MovedClock

OFFERS = message_type("Offers.1")


def read(body: bytes) -> Edition[str]:
    """Read ``version time content``; the time is the hour of 1 May 2010."""
    try:
        version, published_at, content = body.decode().split()
    except ValueError:
        raise InvalidBody(f"Secret {body!r}") from None
    return Edition(int(version), datetime.fromisoformat(published_at), content)


def snapshot(folder: Path, metrics: CountedMetrics | None = None) -> Snapshot[str]:
    """Return a snapshot kept in ``folder``."""
    return Snapshot(
        OFFERS, folder, read=read, clock=MovedClock(), metrics=metrics or CountedMetrics()
    )


def body(version: int, content: str, *, hours_ago: float = 0) -> bytes:
    """Return a document of this version."""
    at = NOON - timedelta(hours=hours_ago)
    return f"{version} {at.isoformat()} {content}".encode()


def test_a_newer_edition_replaces_and_an_older_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Versions only grow: what is older is refused, counted and logged."""
    metrics = CountedMetrics()
    offers = snapshot(tmp_path, metrics)
    assert offers.offer(body(5, "five"))
    assert offers.offer(body(7, "seven"))
    with caplog.at_level(logging.WARNING):
        assert not offers.offer(body(6, "six"))
    assert offers.edition is not None
    assert offers.edition.content == "seven"
    assert metrics.counts["lupu_snapshot_older_total Offers"] == 1
    assert "snapshot.older" in caplog.text


def test_the_same_version_published_again_is_fresher(tmp_path: Path) -> None:
    """A version published anew makes the snapshot young again; a replay of it does not."""
    offers = snapshot(tmp_path)
    offers.offer(body(5, "five", hours_ago=3))
    assert offers.age_seconds() == 3 * 3_600
    assert offers.offer(body(5, "five", hours_ago=1))
    assert not offers.offer(body(5, "five", hours_ago=3))
    assert offers.age_seconds() == 3_600


def test_a_restart_serves_from_disk_and_still_refuses_older(tmp_path: Path) -> None:
    """A gateway started while the inside is away serves its last snapshot and says its age."""
    snapshot(tmp_path).offer(body(5, "five", hours_ago=2))
    started = snapshot(tmp_path)
    started.load()
    assert started.edition is not None
    assert started.edition.content == "five"
    assert started.age_seconds() == 2 * 3_600
    assert not started.offer(body(4, "four"))


def test_the_copy_on_disk_is_nobody_elses_to_read(tmp_path: Path) -> None:
    """The copy holds credentials: only its owner may read it, and no half-written one is left."""
    folder = tmp_path / "snapshots"
    made = snapshot(folder)
    made.load()
    made.offer(body(1, "one"))
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [
        ("Offers.1.xml", 0o600)
    ]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_unreadable_document_changes_nothing_and_is_not_quoted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A document that breaks its contract is refused; its content is not in the log."""
    offers = snapshot(tmp_path)
    offers.offer(body(1, "one"))
    with caplog.at_level(logging.INFO):
        assert not offers.offer(b"password")
    assert offers.edition is not None
    assert offers.edition.content == "one"
    assert "password" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_broken_copy_is_passed_over(tmp_path: Path) -> None:
    """A copy that cannot be read is as if there were none."""
    (tmp_path / "Offers.1.xml").write_bytes(b"broken")
    offers = snapshot(tmp_path)
    offers.load()
    assert offers.edition is None
    assert offers.age_seconds() is None


def test_a_full_disk_does_not_keep_the_old_edition_in_force(tmp_path: Path) -> None:
    """A blocked agent is blocked even where the copy cannot be written."""
    offers = snapshot(tmp_path / "gone")
    assert offers.offer(body(2, "two"))
    assert offers.edition is not None
    assert offers.edition.content == "two"


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    """A path that cannot be a folder is told by its name."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="snapshots"):
        snapshot(tmp_path / "file" / "in").load()


def test_an_edition_that_breaks_its_reader_stops_no_later_one(tmp_path: Path) -> None:
    """A mistake of ours in one must not keep a blocked agent in for ever."""

    def breaks(text: bytes) -> Edition[str]:
        if text == b"breaks":
            raise LookupError
        return read(text)

    metrics = CountedMetrics()
    offers = Snapshot(OFFERS, tmp_path, read=breaks, clock=MovedClock(), metrics=metrics)
    offers.start_thread()
    for text in (b"breaks", body(5, "five")):
        offers.deliver(Delivery(Wire("Offers.1", "", text), 1, redelivered=False))
    assert until(lambda: offers.edition is not None)
    assert metrics.counts["lupu_snapshot_refused_total Offers"] == 1


def test_an_edition_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that loses its power starts with one edition, whole, and not with half of one."""
    synced: list[list[str]] = []
    real = os.fsync

    def seen(handle: int) -> None:
        synced.append([path.name for path in tmp_path.iterdir() if path.name[0] != "."])
        real(handle)

    monkeypatch.setattr(os, "fsync", seen)
    assert snapshot(tmp_path).offer(body(5, "five"))
    assert synced == [[]]
    assert (tmp_path / "Offers.1.xml").exists()
