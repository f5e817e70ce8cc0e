"""The gateway's small memories: rates, nonces, lately confirmed requests, names."""

import os
import threading
import time
from pathlib import Path

import pytest

from dmz_gateway.agents.names import Names
from dmz_gateway.agents.rate import Rates
from dmz_gateway.agents.recent import Recent, digest_of
from dmz_gateway.agents.replays import Replays
from hub.errors import SettingsError


def test_a_burst_passes_and_then_waits() -> None:
    """An agent may send its burst at once, then as many a second as agreed."""
    rates = Rates()
    taken = [rates.take("1001", per_second=2, burst=3, now=10.0) for _ in range(4)]
    assert taken == [0, 0, 0, 1]
    assert rates.take("1002", per_second=2, burst=3, now=10.0) == 0
    assert rates.take("1001", per_second=2, burst=3, now=10.5) == 0
    assert rates.take("1001", per_second=0.1, burst=3, now=10.5) == 10


def test_a_changed_rate_applies_at_once() -> None:
    """A burst that was lowered does not leave the old tokens."""
    rates = Rates()
    assert rates.take("1001", per_second=100, burst=100, now=1.0) == 0
    assert [rates.take("1001", per_second=1, burst=1, now=2.0) for _ in range(2)] == [0, 1]


def test_a_nonce_counts_once(tmp_path: Path) -> None:
    """A used nonce is refused by every gateway of the machine, restarted or not."""
    assert Replays(tmp_path, 600).first("1001", b"n", "2010-05-01T00:00:00Z")
    other = Replays(tmp_path, 600)
    assert not other.first("1001", b"n", "2010-05-01T00:00:00Z")
    assert other.first("1002", b"n", "2010-05-01T00:00:00Z")


def test_one_nonce_from_many_threads_counts_once(tmp_path: Path) -> None:
    """Of twenty threads with one nonce, one is first."""
    replays = Replays(tmp_path, 600)
    firsts: list[bool] = []
    threads = [
        threading.Thread(target=lambda: firsts.append(replays.first("1001", b"n", "t")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert firsts.count(True) == 1


def test_old_nonces_are_forgotten(tmp_path: Path) -> None:
    """A nonce goes once its token could no longer be fresh, so the folder stays small."""
    Replays(tmp_path, 600).first("1001", b"n", "t")
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 601, time.time() - 601))
    Replays(tmp_path, 600).first("1001", b"m", "t")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """A path that is a file is told by its name."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="replays"):
        Replays(tmp_path / "file" / "in it", 600)


def test_only_the_same_document_is_a_repeat() -> None:
    """The same id with another body is not taken for a repeat: the inside must see it."""
    recent = Recent(10, 60)
    one, other = digest_of(b"<a/>"), digest_of(b"<b/>")
    recent.add("agent:1001/PlaceBooking/A", one, 0.0)
    assert recent.has("agent:1001/PlaceBooking/A", one, 59.0)
    assert not recent.has("agent:1001/PlaceBooking/A", other, 59.0)
    assert not recent.has("agent:1001/PlaceBooking/A", one, 61.0)


def test_recent_requests_are_bounded() -> None:
    """However many are confirmed, the memory of them stays bounded; the oldest goes first."""
    recent = Recent(3, 60)
    for number in range(5):
        recent.add(str(number), b"", 0.0)
    assert len(recent) == 3
    assert not recent.has("1", b"", 1.0)
    assert recent.has("4", b"", 1.0)


def test_names_of_refused_documents_do_not_stay() -> None:
    """Once a thread has refused enough, new names are parsed on a passing thread."""
    names = Names()
    here = threading.get_ident()
    ran: list[int] = []

    def parse(_body: bytes) -> None:
        ran.append(threading.get_ident())

    names.parse(b"<first/>", parse)
    names.refused(b"x" * 1_000_000)
    names.parse(b"<first a='1'>" + b"".join(b"<n%d/>" % n for n in range(9_000)), parse)
    names.parse(b"<first a='1'/>", parse)
    assert [thread == here for thread in ran] == [True, False, True]


def test_an_error_on_a_passing_thread_is_raised_here() -> None:
    """What parsing raises reaches the caller, wherever it ran."""
    names = Names()
    names.refused(b"x" * 1_000_000)

    def fail(_body: bytes) -> None:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        names.parse("<a/>".encode("utf-16"), fail)


@pytest.mark.parametrize(
    "junk",
    [
        b"<" + b"a" * 200_000,
        b" " * 200_000,
        b"a=" * 100_000,
        b"xmlns" * 40_000,
        b"<a " + b"b " * 90_000,
        b'"a ' * 80_000,
    ],
)
def test_looking_at_names_takes_linear_time(junk: bytes) -> None:
    """No body of the largest size makes looking at its names slow."""
    names = Names()
    names.refused(b"x" * 1_000_000)
    began = time.process_time()
    names.parse(junk, len)
    assert time.process_time() - began < 0.5
