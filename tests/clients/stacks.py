"""The client stacks, how each is started, and what each can do."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from certs.authority import Issued
from tests.clients.job import (
    CERTIFICATE,
    DIGEST,
    SIGNATURE,
    SOAP_11,
    SOAP_12,
    TEXT,
    Call,
    Job,
    Outcome,
)
from tests.servers.system import System

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WAIT_SECONDS = 120

SOAP_VERSIONS = (SOAP_11, SOAP_12)
SIGN_INS = (CERTIFICATE, TEXT, DIGEST, SIGNATURE)


@dataclass(frozen=True, slots=True)
class Stack:
    """A client stack: its name, the program that uses it, what it cannot do and why."""

    name: str
    command: tuple[str, ...]
    cannot: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, soap: str, sign_in: str) -> str:
        """Return why a cell of the matrix is empty; nothing where it is not."""
        return self.cannot.get(soap) or self.cannot.get(sign_in) or ""


@dataclass(frozen=True, slots=True)
class Agency:
    """Where an agency calls, and with what it may sign in."""

    url: str
    ca_file: str
    user: str
    password: str
    certificate: str
    key: str
    signing_certificate: str
    signing_key: str


def agency_of(system: System, signing: Issued | None = None) -> Agency:
    """Return the agency of a running system; ``signing``: what it signs with, if it does."""
    return Agency(
        url=system.base_url,
        ca_file=str(system.ca_file),
        user=system.agent_number,
        password=system.password,
        certificate=str(system.client_certificate),
        key=str(system.client_key),
        signing_certificate="" if signing is None else str(signing.certificate),
        signing_key="" if signing is None else str(signing.key),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to call: a stack, a SOAP version and a sign-in."""

    stack: Stack
    soap: str
    sign_in: str

    def __str__(self) -> str:
        """Return the cell's name in a test's name."""
        return f"{self.stack.name}-{self.soap}-{self.sign_in}".replace(" ", "-")

    def ask(self, agency: Agency, calls: list[Call]) -> list[Outcome]:
        """Make the calls, one after another, in a process of their own."""
        job = Job(**asdict(agency), soap=self.soap, sign_in=self.sign_in, calls=calls)
        done = subprocess.run(
            self.stack.command,
            input=json.dumps(asdict(job)),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{self}: {done.stderr}{done.stdout}"
        outcomes: list[Outcome] = json.loads(done.stdout)
        assert len(outcomes) == len(calls)
        return outcomes


ZEEP = Stack("zeep", (sys.executable, "-m", "tests.clients.zeep_client"))
SUDS = Stack(
    "suds-community",
    (sys.executable, "-m", "tests.clients.suds_client"),
    {SOAP_12: "it speaks SOAP 1.1 alone", SIGNATURE: "it cannot sign a message"},
)
NPM = Stack("npm soap", ("node", str(HERE / "node" / "client.js")))
PHP = Stack(
    "php-soap",
    ("php", str(HERE / "php" / "client.php")),
    {SIGNATURE: "it cannot sign a message"},
)
STACKS = (ZEEP, SUDS, NPM, PHP)

CELLS = [
    Cell(stack, soap, sign_in)
    for stack in STACKS
    for soap in SOAP_VERSIONS
    for sign_in in SIGN_INS
    if not stack.why_not(soap, sign_in)
]
