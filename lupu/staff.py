"""``lupu staff``: the web of the staff, and its accounts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click

from adapters.clock import SystemClock
from hub.errors import SettingsError
from internal_apps.staff.accounts import AccountError, Accounts
from internal_apps.staff.door import forgive
from internal_apps.staff.passwords import Passwords, generate
from internal_apps.staff.roles import Role
from internal_apps.staff.settings import Staff
from lupu import opened, options

NAME = "staff-1"
ROLES = click.Choice([role.value for role in Role])


@click.group()
def staff() -> None:
    """Run the staff's web; add, change and disable accounts.

    \b
    Examples:
      lupu staff run --config /etc/lupu/inside.toml
      lupu staff add wang --full-name 王小明 --role clerk --config /etc/lupu/inside.toml
      lupu staff disable wang --config /etc/lupu/inside.toml
      lupu staff unlock wang --config /etc/lupu/inside.toml
    """  # noqa: D301  click's \b keeps the lines as they are


@staff.command(
    epilog=options.example(
        "lupu staff add wang --full-name 王小明 --role clerk --config /etc/lupu/inside.toml"
    )
)
@options.configured(NAME)
@click.argument("account")
@click.option("--full-name", required=True, help="The name to be shown.")
@click.option("--role", type=ROLES, required=True, help="What the account may do.")
@click.option(
    "--password-file", type=click.File("r"), help="Read the password; otherwise one is made."
)
def add(config: str | None, name: str, account: str, **given: object) -> None:
    """Add ACCOUNT.

    Prints its new password, once, unless it comes from a file.
    """
    file = given["password_file"]
    password, stored = _password(file)
    with _accounts(config, name) as accounts:
        accounts.add(account, str(given["full_name"]), Role(str(given["role"])), stored)
    click.echo(f"added {account}" + (f", password {password}" if file is None else ""))


@staff.command(
    "password",
    epilog=options.example(
        "lupu staff password wang --password-file secret --config /etc/lupu/inside.toml"
    ),
)
@options.configured(NAME)
@click.argument("account")
@click.option(
    "--password-file", type=click.File("r"), help="Read the password; otherwise one is made."
)
def set_password(config: str | None, name: str, account: str, password_file: object) -> None:
    """Give ACCOUNT another password and end its sessions."""
    password, stored = _password(password_file)
    with _accounts(config, name) as accounts:
        accounts.set_password(account, stored)
    click.echo(f"changed {account}" + (f", password {password}" if password_file is None else ""))


@staff.command(
    epilog=options.example("lupu staff role wang supervisor --config /etc/lupu/inside.toml")
)
@options.configured(NAME)
@click.argument("account")
@click.argument("new_role", type=ROLES, metavar="ROLE")
def role(config: str | None, name: str, account: str, new_role: str) -> None:
    """Give ACCOUNT another ROLE, from its next page on."""
    with _accounts(config, name) as accounts:
        accounts.set_role(account, Role(new_role))
    click.echo(f"{account} is now {new_role}")


@staff.command(epilog=options.example("lupu staff disable wang --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("account")
def disable(config: str | None, name: str, account: str) -> None:
    """Let ACCOUNT sign in no more and end its sessions."""
    with _accounts(config, name) as accounts:
        accounts.disable(account)
    click.echo(f"disabled {account}")


@staff.command(epilog=options.example("lupu staff enable wang --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("account")
def enable(config: str | None, name: str, account: str) -> None:
    """Let ACCOUNT sign in again."""
    with _accounts(config, name) as accounts:
        accounts.enable(account)
    click.echo(f"enabled {account}")


@staff.command(epilog=options.example("lupu staff unlock wang --config /etc/lupu/inside.toml"))
@options.configured(NAME)
@click.argument("account")
def unlock(config: str | None, name: str, account: str) -> None:
    """Let ACCOUNT be tried again at once.

    Too many wrong passwords had been tried.
    """
    window = options.configuration(config, name).read(Staff).failures_window_seconds
    with opened.database(config, name) as database:
        if Accounts(database, SystemClock()).find(account) is None:
            raise AccountError(f"There is no account '{account}'.")
        since = SystemClock().now() - timedelta(seconds=window)
        count = forgive(database, account, since)
    click.echo(f"unlocked {account}, {count} wrong passwords are no longer counted")


@staff.command("list", epilog=options.example("lupu staff list --config /etc/lupu/inside.toml"))
@options.configured(NAME)
def list_command(config: str | None, name: str) -> None:
    """List every account."""
    with _accounts(config, name) as accounts:
        for account in accounts.all():
            remark = "  disabled" if account.disabled_at else ""
            click.echo(f"{account.account:<20} {account.role.value:<14} {account.name}{remark}")


@contextmanager
def _accounts(config: str | None, name: str) -> Iterator[Accounts]:
    with opened.database(config, name) as database:
        yield Accounts(database, SystemClock())


def _password(file: object) -> tuple[str, str]:
    password = str(file.read()).strip() if hasattr(file, "read") else generate()
    try:
        return password, Passwords().hash(password)
    except ValueError as error:
        raise SettingsError(str(error)) from error


GROUP = staff
