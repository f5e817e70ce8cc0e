"""``lupu sealing``: keys to seal and sign with, and the keyring that says whose they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.sealing import Keyring
from adapters.sealing.keyring import PublicKey
from adapters.sealing.keys import new_key, write_key
from deploy.components import key_uses
from hub.errors import SettingsError
from lupu import options

FOLDER = "run/sealing"
KEYRING = "keyring.json"
KEYS = "keys"
LEAD_MINUTES = 10.0
OVERLAP_HOURS = 24.0


_folder = options.folder(
    FOLDER, f"Where {KEYRING} is, and {KEYS}/ with a folder of private keys for each owner."
)


@click.group()
def sealing() -> None:
    """Make and roll over the keys to seal and sign with.

    \b
    Examples:
      lupu sealing make gateway-1 gateway-2 hub hub-1 operator-1
      lupu sealing rotate gateway-1 --overlap-hours 24
      lupu sealing revoke 3f0c5a9e21d47be1
      lupu sealing list
    """  # noqa: D301  click's \b keeps the lines as they are


@sealing.command(epilog=options.example("lupu sealing make gateway-1 hub hub-1"))
@_folder
@click.argument("owner", nargs=-1, required=True)
def make(folder: Path, owner: tuple[str, ...]) -> None:
    """Make the keys of each OWNER that has none yet.

    They are added to the keyring.
    """
    for name in owner:
        for made in make_keys(folder, name):
            click.echo(f"{name}: {made}")


@sealing.command(epilog=options.example("lupu sealing rotate gateway-1 --overlap-hours 24"))
@_folder
@click.argument("owner")
@click.option(
    "--lead-minutes",
    type=click.FloatRange(min=0),
    default=LEAD_MINUTES,
    show_default=True,
    help="From when on the new keys are used: by then they must be on every machine.",
)
@click.option(
    "--overlap-hours",
    type=click.FloatRange(min=0),
    default=OVERLAP_HOURS,
    show_default=True,
    help="How much longer the keys of before are good to sign with.",
)
def rotate(folder: Path, owner: str, lead_minutes: float, overlap_hours: float) -> None:
    """Give OWNER new keys, used by all at one moment.

    Within the lead time bring the keyring to every machine and the private keys to OWNER's: a
    seal whose key the reader does not know yet goes to the quarantine. Keep the old keys there,
    for what was sealed to them before.
    """
    path, now = folder / KEYRING, datetime.now(UTC) + timedelta(minutes=lead_minutes)
    keyring = Keyring.read(path)
    for use in key_uses(owner):
        pair = new_key(use)
        click.echo(f"{owner}: {write_key(folder / KEYS / owner, pair)}")
        keyring = keyring.with_key(owner, pair, now)
        ends_at = now + timedelta(hours=overlap_hours)
        keyring = keyring.ended(owner, use, pair.key_id, ends_at)
    keyring.write(path)


@sealing.command(epilog=options.example("lupu sealing revoke 3f0c5a9e21d47be1"))
@_folder
@click.argument("key_id")
def revoke(folder: Path, key_id: str) -> None:
    """Trust the key KEY_ID no more.

    From the moment on that the keyring is where it counts.
    """
    path = folder / KEYRING
    Keyring.read(path).revoked(_key_id(key_id), datetime.now(UTC)).write(path)
    click.echo(f"{key_id} is revoked; bring {path} to every machine")


@sealing.command(epilog=options.example("lupu sealing restore 3f0c5a9e21d47be1 --out once.json"))
@_folder
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Another keyring to write, for one component; that of all stays as it is.",
)
@click.argument("key_id")
def restore(folder: Path, out: Path | None, key_id: str) -> None:
    """Trust the revoked key KEY_ID again.

    Where it was revoked by mistake; or with --out, for evidence alone, to take in a page that was
    honestly signed with it before.
    """
    path = folder / KEYRING
    restored, to = Keyring.read(path).restored(_key_id(key_id)), out or path
    restored.write(to)
    where = f"; {path} still has it revoked" if out else f"; bring {path} to every machine"
    click.echo(f"{key_id} is trusted by {to}{where}")


@sealing.command("list", epilog=options.example("lupu sealing list --folder run/sealing"))
@_folder
def list_command(folder: Path) -> None:
    """List every key: whose it is, what for, since when and until when."""
    table = Table("owner", "for", "key", "since", "until", box=None, pad_edge=False)
    now = datetime.now(UTC)
    for key in sorted(Keyring.read(folder / KEYRING), key=lambda k: (k.owner, k.begins_at)):
        until = _until(key, now)
        table.add_row(Text(key.owner), key.use.value, key.key_id.hex(), _day(key.begins_at), until)
    Console(highlight=False).print(table)


def _key_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise SettingsError(f"'{text}' is no key id; 'lupu sealing list' shows all.") from None


def make_keys(folder: Path, owner: str) -> list[Path]:
    """Make the keys that ``owner`` lacks and add them to the keyring; return their files."""
    path, now = folder / KEYRING, datetime.now(UTC)
    keyring = Keyring.read(path) if path.exists() else Keyring()
    made = []
    for use in key_uses(owner):
        if keyring.newest(owner, use, now) is None:
            pair = new_key(use)
            made.append(write_key(folder / KEYS / owner, pair))
            keyring = keyring.with_key(owner, pair, now)
    keyring.write(path)
    return made


def _until(key: PublicKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"REVOKED {_day(key.revoked_at)}"
    if key.ends_at is None:
        return ""
    return f"{'ended' if key.ends_at < now else ''} {_day(key.ends_at)}".strip()


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


GROUP = sealing
