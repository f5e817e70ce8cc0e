"""Private keys as files: nobody but their owner may read, change or exchange them."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from hub.errors import SettingsError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_private(where: str, path: Path) -> None:
    """SettingsError where somebody else may read or change a key, or put another in its place.

    ``where`` says which entry of the settings names it. OSError where it cannot be looked at.
    """
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise SettingsError(
            f"{where}: {path} is owned by {_user(found.st_uid)} and this runs as "
            f"{_user(os.geteuid())}: run it as the key's owner, or chown the key."
        )
    _check_mode(where, path, found)
    _check_folder(where, path.resolve().parent)


def check_owners_alone(where: str, path: Path) -> None:
    """SettingsError where others than its owner, whoever that is, may use a key that is there."""
    with suppress(OSError):
        _check_mode(where, path, path.stat())


def check_private_if_there(where: str, path: Path) -> None:
    """Do as ``check_private``; a key that is not there is said where it is used."""
    with suppress(OSError):
        check_private(where, path)


def _check_mode(where: str, path: Path, found: os.stat_result) -> None:
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        raise SettingsError(
            f"{where}: {path} can be read or changed by others: chmod 600 it, and make a new key "
            "if somebody may have done so."
        )


def _check_folder(where: str, folder: Path) -> None:
    found = folder.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise SettingsError(
            f"{where}: the folder {folder} is owned by {_user(found.st_uid)}, who could put "
            "another key there: chown it to root."
        )
    # In a folder such as /tmp each may take away but their own files.
    if found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
        raise SettingsError(
            f"{where}: others may put another key into the folder {folder}: chmod go-w it."
        )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
