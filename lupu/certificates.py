"""``lupu certificates``: authorities, certificates, key stores, days left."""

from collections.abc import Mapping
from pathlib import Path

import click

from certs.authority import (
    CERTIFICATE_DAYS,
    LOCAL_ADDRESSES,
    Authority,
    KeyKind,
    Purpose,
    Wish,
)
from certs.keystores import Reader, export_key_store, export_trust_store
from certs.requests import requested_key
from certs.storage import CertificateError, PublicKey
from lupu import certificates_anew, certificates_listed, certificates_told, options

FOLDER = "run/certificates"
SIDES = ("outside", "inside", "edge", "agents")


@click.group()
def certificates() -> None:
    """Make, renew, rotate and revoke certificates; see days left.

    \b
    Examples:
      lupu certificates make
      lupu certificates issue outside gateway-3
      lupu certificates issue edge edge --server --address tickets.example.org
      lupu certificates issue agents 1001 --csr 1001.csr
      lupu certificates renew outside
      lupu certificates revoke outside gateway-3 --reason key-compromise
      lupu certificates rotate outside
      lupu certificates list
    """  # noqa: D301  click's \b keeps the lines as they are


@certificates.command(epilog=options.example("lupu certificates make outside inside"))
@options.folder(FOLDER)
@click.argument("side", nargs=-1)
def make(folder: Path, side: tuple[str, ...]) -> None:
    """Make an authority for each SIDE, or all four.

    What is there is kept.
    """
    for name in side or SIDES:
        made = Authority.make(folder, name)
        click.echo(f"{name}: {made.certificate}")


@certificates.command(
    "issue",
    epilog=options.example(
        "lupu certificates issue agents 1001 --rsa --p12 1001.p12 --passphrase-file secret"
    ),
)
@options.folder(FOLDER)
@click.argument("side")
@click.argument("name")
@click.option("--server", is_flag=True, help="For a server; without it for a client.")
@click.option("--node", is_flag=True, help="For a node of a cluster: it listens and dials.")
@click.option("--rsa", is_flag=True, help="RSA 3072 for peers that do not know EC P-256.")
@click.option("--days", default=CERTIFICATE_DAYS, show_default=True, help="How long it lasts.")
@click.option(
    "--address",
    multiple=True,
    default=LOCAL_ADDRESSES,
    show_default=True,
    help="A server's host name or address; may be given more than once.",
)
@click.option(
    "--csr",
    type=click.Path(path_type=Path),
    help="A certificate request (PKCS#10, PEM) of somebody who makes the key; its name and "
    "wishes do not count.",
)
@click.option("--p12", type=click.Path(path_type=Path), help="Write a PKCS#12 key store too.")
@click.option(
    "--truststore", type=click.Path(path_type=Path), help="Write a Java trust store too."
)
@click.option("--old-java", is_flag=True, help="Stores that Java 8 of any update can read.")
@click.option(
    "--passphrase-file", type=click.File("r"), help="The stores' passphrase; asked for otherwise."
)
def issue_command(folder: Path, side: str, name: str, **choices: object) -> None:
    """Issue a certificate of SIDE's authority to NAME, with a new key."""
    authority = Authority(folder, side)
    csr = choices["csr"]
    issued = authority.grant(
        Wish(
            name,
            _purpose(choices),
            KeyKind.RSA if choices["rsa"] else KeyKind.EC,
            int(str(choices["days"])),
            _texts(choices["address"]),
            _requested(authority, name, csr) if isinstance(csr, Path) else None,
        )
    )
    click.echo(f"{issued.certificate}\n{issued.key}" if csr is None else issued.certificate)
    click.echo(certificates_told.bring(side, issued), err=True)
    reader = Reader.OLD_JAVA if choices["old_java"] else Reader.PRESENT
    key_store, trust_store = choices["p12"], choices["truststore"]
    if not (key_store or trust_store):
        return
    passphrase = _passphrase(choices["passphrase_file"])
    if isinstance(key_store, Path):
        click.echo(export_key_store(issued, key_store, passphrase, reader))
    if isinstance(trust_store, Path):
        click.echo(export_trust_store(authority.certificate, trust_store, passphrase, reader))


def _purpose(choices: Mapping[str, object]) -> Purpose:
    if choices["node"]:
        return Purpose.BOTH
    return Purpose.SERVER if choices["server"] else Purpose.CLIENT


def _requested(authority: Authority, name: str, csr: Path) -> PublicKey:
    key = authority.folder / f"{name}.key"
    if key.exists():
        raise CertificateError(
            f"{key} is here, so {name} does not make its own key: take that file away first."
        )
    return requested_key(csr)


def _texts(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, tuple) else ()


def _passphrase(file: object) -> str:
    if file is not None and hasattr(file, "read"):
        return str(file.read()).strip()
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))


for _command in (
    *(certificates_anew.renew, certificates_anew.rotate),
    *(certificates_anew.revoke, certificates_anew.crl, certificates_listed.list_command),
):
    certificates.add_command(options.folder(FOLDER)(_command))

GROUP = certificates
