"""Who acts on a command line: a member of the staff, proved by the password as at the sign-in.

The password is read from the terminal or from a file, never from an argument: the list of
processes shows those to everybody on the machine.
"""

import functools
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from adapters.clock import SystemClock
from adapters.database import Database
from hub.errors import LupuError, NotAllowed
from hub.settings import Configuration, read_secret
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.door import Door
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.settings import Staff

Command = TypeVar("Command", bound=Callable[..., Any])

STANDARD_INPUT = Path("-")


class TooManyTries(LupuError):
    """Too many wrong passwords were tried for this account, or from this machine."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says to be, and where the password is; None asks at the terminal."""

    account: str
    file: Path | None

    def password(self) -> str:
        """Return the password; NotAllowed where none is given."""
        if self.file == STANDARD_INPUT:
            return sys.stdin.readline().strip()
        if self.file is not None:
            return read_secret("--password-file", self.file).reveal()
        try:
            asked = click.prompt(f"Password of {self.account}", hide_input=True, err=True)
        except click.Abort as error:
            raise NotAllowed("Nothing was done: no password was given.") from error
        return str(asked)


def acting(command: Command) -> Command:
    """Add ``--as`` and ``--password-file``; the command is called with a ``Claim``, ``who``."""

    @functools.wraps(command)
    def claimed(
        *words: object, account: str, password_file: Path | None, **given: object
    ) -> object:
        return command(*words, who=Claim(account, password_file), **given)

    for add in (
        click.option(
            "--password-file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
            help="Where ACCOUNT's password is, - for standard input; else it is asked for.",
        ),
        click.option(
            "--as",
            "account",
            required=True,
            metavar="ACCOUNT",
            help="The staff account that acts; its password is asked for.",
        ),
    ):
        claimed = add(claimed)
    return claimed  # type: ignore[return-value]


def prove(claim: Claim, permission: str, database: Database, configuration: Configuration) -> str:
    """Return the account that acts: its password was right, and its role has the permission.

    It is tried at the door of the staff's pages, which counts, slows down and writes down each
    try. NotAllowed where it is somebody else, or may not; TooManyTries.
    """
    clock = SystemClock()
    settings = configuration.read(Staff)
    door = Door(database, clock, settings, Accounts(database, clock), Passwords())
    tried = door.try_in(claim.account, claim.password(), f"shell:{socket.gethostname()}")
    if tried.wait_seconds:
        raise TooManyTries(
            f"Too many wrong passwords were tried: wait {tried.wait_minutes} min, or have "
            f"'lupu staff unlock {claim.account}' run."
        )
    if tried.account is None:
        raise NotAllowed("That is no account of the staff with its password.")
    if not tried.account.may(permission):
        raise NotAllowed(
            f"{tried.account.account} is {tried.account.role}: that role may not do this."
        )
    return tried.account.account
