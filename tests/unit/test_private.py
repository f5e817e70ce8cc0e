"""A key that somebody else may use, change or exchange starts nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.local.stack import Stack
from deploy.local.zones import Places
from hub.errors import SettingsError
from hub.private import check_private
from lupu.commands import main
from lupu.exits import Exit

ZONES = {"gateway": "outside", "hub": "hub"}
DIALS = {
    "gateway-1": ("outside",),
    "hub-1": ("outside", "inside"),
    "ticketing-1": ("inside",),
    "evidence-1": ("inside",),
    "staff-1": ("inside",),
}
SEALS = ("gateway-1", "hub-1", "evidence-1")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Offer a file as a key should be."""
    path = tmp_path / "own" / "gateway-1.key"
    path.parent.mkdir(mode=0o755)
    path.touch(mode=0o600)
    return path


def test_a_key_of_its_owner_alone_is_good(key: Path) -> None:
    """Mode 0600 or 0400, in a folder that only its owner or root can write in."""
    check_private("here", key)
    key.chmod(0o400)
    check_private("here", key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
def test_a_key_with_any_right_of_others_is_refused(key: Path, mode: int) -> None:
    """Group or everybody, reading, writing or running: the sentence says chmod 600."""
    key.chmod(mode)
    with pytest.raises(SettingsError, match=r"here: .*gateway-1.key can be read.*chmod 600"):
        check_private("here", key)


def test_a_key_of_somebody_else_is_refused(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns a file may give it any rights; the sentence names both."""
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    with pytest.raises(SettingsError, match=r"is owned by .* and this runs as user 54321"):
        check_private("here", key)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_that_others_write_in_is_refused(key: Path, mode: int) -> None:
    """They could put a key of their own in its place."""
    key.parent.chmod(mode)
    with pytest.raises(SettingsError, match=r"another key into the folder .*chmod go-w"):
        check_private("here", key)


def test_a_folder_in_which_each_has_its_own_files_is_good(key: Path) -> None:
    """In one with the sticky bit, as /tmp has, nobody can take another's file away."""
    key.parent.chmod(0o1777)
    check_private("here", key)


@pytest.fixture
def installed(tmp_path: Path) -> Stack:
    """Offer the files of a whole installation; nothing of it runs."""
    places = Places(
        folder=tmp_path,
        sockets=tmp_path / "sockets",
        agents_port=free_port(),
        staff_port=free_port(),
        outside_port=free_port(),
        inside_port=free_port(),
        database={"file": str(tmp_path / "database")},
    )
    return Stack(places)


def _refusal(stack: Stack, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Start a component, which must refuse; return what it says."""
    kind = name.rpartition("-")[0]
    config = str(stack.places.configuration(ZONES.get(kind, "inside")))
    with pytest.raises(SystemExit) as ended:
        main([kind, "run", "--config", config, "--name", name])
    assert ended.value.code == Exit.SETTINGS
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "side"), [(name, side) for name, sides in DIALS.items() for side in sides]
)
def test_no_process_starts_with_a_loose_key(
    installed: Stack, name: str, side: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each names the entry, the file, and what to do, in one sentence."""
    key = installed.places.certificates / side / f"{name}.key"
    key.chmod(0o644)
    said = _refusal(installed, name, capsys)
    assert f"[{side}_broker] key: {key}" in said
    assert "chmod 600" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", SEALS)
def test_no_process_starts_with_a_loose_key_to_seal_with(
    installed: Stack, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those to seal and sign with are keys like any other."""
    key = next((installed.places.sealing / "keys" / name).glob("*.pem"))
    key.chmod(0o644)
    assert f"[sealing] keys: {key}" in _refusal(installed, name, capsys)


def _loose(path: Path) -> None:
    path.chmod(0o644)


def _exposed(path: Path) -> None:
    path.parent.chmod(0o777)


@pytest.mark.parametrize("spoil", [_loose, _exposed])
def test_check_says_the_same(
    installed: Stack, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks before a start is told; of HAProxy's key beside its certificate too."""
    spoil(installed.places.certificates / "outside" / "gateway-1.key")
    _loose(installed.places.certificates / "edge" / "edge.key")
    config = str(installed.places.configuration("outside"))
    with pytest.raises(SystemExit) as ended:
        main(["check", "--config", config, "--name", "gateway-1"])
    assert ended.value.code == Exit.FAILED
    lines = capsys.readouterr().out.splitlines()
    assert any("NOT" in line and "[outside_broker] key" in line for line in lines)
    assert any("NOT" in line and "[edge] certificate" in line for line in lines)
