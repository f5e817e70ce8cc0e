"""The whole system as real processes, filled with the sample catalogue and an agency."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certs.authority import Authority, Issued, Purpose
from deploy.local.cluster import INSIDE_NODES, OUTSIDE_NODES
from deploy.local.networks import MACHINE, Network
from deploy.local.ports import free_port
from deploy.local.stack import NAMES, Stack
from deploy.local.zones import Places, Section
from lupu.exits import Exit
from tests.servers.terminal import typed

AGENT = "1001"
DAYS_TO_OPENING = 30


@dataclass(frozen=True, slots=True)
class System:
    """A running system and what an agency needs to use it."""

    stack: Stack
    opening: date
    agent_number: str
    password: str
    client: Issued

    @property
    def base_url(self) -> str:
        """The public address of the agents' entrance."""
        return self.stack.places.public_url

    @property
    def port(self) -> int:
        """The port of the agents' entrance."""
        return self.stack.places.agents_port

    @property
    def ca_file(self) -> Path:
        """Who signs the entrance's certificate."""
        return Authority(self.stack.places.certificates, "edge").certificate

    @property
    def client_certificate(self) -> Path:
        """The agency's certificate."""
        return self.client.certificate

    @property
    def client_key(self) -> Path:
        """The key of the agency's certificate."""
        return self.client.key


def _places(folder: Path, sockets: Path, database: dict[str, Any] | None, **given: Any) -> Places:
    """Return free ports and folders under ``folder``; SQLite where no database is given."""
    return Places(
        folder=folder,
        sockets=sockets,
        agents_port=free_port(),
        staff_port=free_port(),
        outside_port=free_port(),
        inside_port=free_port(),
        database=database or {"file": str(folder / "database" / "lupu.sqlite")},
        **given,
    )


@contextmanager
def running(
    folder: Path,
    database: dict[str, Any] | None = None,
    names: tuple[str, ...] = NAMES,
    *,
    outside: Network = MACHINE,
    inside: Network = MACHINE,
    tracing: Section | None = None,
    clusters: bool = False,
    prepare: Callable[[Stack], object] = lambda _stack: None,
    **gateway: Any,
) -> Iterator[System]:
    """Run the whole system until the block ends; ``gateway``: what its gateways are set to.

    ``tracing``: what all are set to that follows messages. ``clusters``: each broker is one.

    ``prepare`` is called before anything of it starts.
    """
    with TemporaryDirectory(prefix="lupu-") as short, ExitStack() as ending:
        given: dict[str, Any] = {"outside": outside, "inside": inside, "tracing": tracing or {}}
        if clusters:
            given |= {"outside_nodes": OUTSIDE_NODES, "inside_nodes": INSIDE_NODES}
        stack = Stack(_places(folder, Path(short), database, gateway=gateway, **given), names)
        ending.callback(stack.stop)
        prepare(stack)
        client = Authority(stack.places.certificates, "agents").ensure(AGENT, Purpose.CLIENT)
        opening = datetime.now(UTC).date() + timedelta(days=DAYS_TO_OPENING)
        stack.start_brokers()
        _done(stack, "database", "upgrade")
        _done(stack, "ticketing", "load", "--opening", opening.isoformat())
        limits = ("--group", "--digest", "--per-second", "100000")
        password = add_agency(stack, AGENT, *limits)
        _done(stack, "agents", "trust", AGENT, str(client.certificate))
        stack.start()
        yield System(stack, opening, AGENT, password, client)


def add_agency(stack: Stack, number: str, *limits: str) -> str:
    """Add an agency; return its password."""
    named = ("--name-en", "Test Travel", "--name-zh", "试验旅行社")
    said = _done(stack, "agents", "add", number, *named, *limits)
    return said.rpartition("password ")[2].strip()


def _done(stack: Stack, *words: str) -> str:
    if stack.places.inside.name:  # this process is not in that network
        return stack.lupu("inside", *words)
    status, said = typed(stack.places.configuration("inside"), *words)
    assert status == Exit.FINE, (words, said)
    return said
