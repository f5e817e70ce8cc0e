"""What a command writes for others is new and whole, or not there."""

import errno
import os
from pathlib import Path

import pytest

from lupu.files import NotWritten, write_new


def test_half_a_file_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves nothing that looks like a proof, and the name is free again."""

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    proof = tmp_path / "A-17.txt"
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="No space left"):
        write_new(proof, b"signed")
    monkeypatch.undo()
    write_new(proof, b"signed")
    assert proof.read_bytes() == b"signed"
