"""Two releases, an installation of the first, and everything around it that is not Lupu."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from certs.authority import Authority
from deploy.haproxy.configuration import Entrance, agents_section
from deploy.local.haproxy import Haproxy
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgresql import PostgreSQL
from deploy.local.stack import Stack
from deploy.local.zones import JOURNALS, Places
from hub.settings import environment
from tests.production.machine import Machine, told_to_type
from tests.structure.source import ROOT

OLD, NEW = "0.1.0", "0.1.1"
NAMES = (
    *("gateway-1", "gateway-2", "hub-1", "ticketing-1", "evidence-1"),
    *("staff-1", "operator-1"),
)
LUPU = "/opt/lupu/current/bin/lupu"
INSIDE = "--config /etc/lupu/inside.toml"
DAYS_TO_OPENING = 30
MORE = '''"""More columns and a table, as a newer version might have."""

import sqlalchemy as sa
from alembic import op

revision = "ticketing_9001"
down_revision = "{before}"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    """Add them."""
    op.add_column("bookings", sa.Column("more", sa.Integer, nullable=True))
    op.add_column("quota", sa.Column("more", sa.Integer, nullable=True))
    op.create_index("bookings_more", "bookings", ["more"])
    op.create_table("more", sa.Column("number", sa.Integer, primary_key=True))
'''


def release(folder: Path, version: str, wheels: Path | None = None) -> Path:
    """Make a release of the source as it is; with other wheels at hand, of a newer schema."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    named = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, named.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    around = environment()
    if wheels is not None:
        setup = folder / "setup.py"
        setup.write_text(setup.read_text("utf-8").replace(OLD, version), "utf-8")
        versions = folder / "internal_apps/ticketing/versions"
        before = max(path.stem[:14] for path in versions.glob("ticketing_*.py"))
        more = MORE.format(before=before)
        (versions / "ticketing_9001_more.py").write_text(more, "utf-8")
        around |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    made = ["sh", "deploy/release.sh", sys.executable]
    done = subprocess.run(
        made, cwd=folder, env=around, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation and what its agency needs."""

    machine: Machine
    stack: Stack
    database_url: str
    opening: date
    password: str

    def install(self, version: str) -> None:
        """Install a version as OPERATING.md says."""
        self.machine.version = version
        self.machine.type(told_to_type("Install"))

    def typed(self, title: str, version: str) -> Iterator[str]:
        """Type what OPERATING.md has under a title, line by line; yield each when done."""
        self.machine.version = version
        for line in told_to_type(title).splitlines():
            self.machine.type(line)
            yield line


def _stack(machine: Machine, database_url: str) -> Stack:
    """Set up what is neither Lupu nor its units: brokers, keys, the zones' files."""
    own = machine.root / "var/lib/lupu-gateway"
    places = Places(
        folder=machine.root / "etc/lupu",
        sockets=machine.root / "run/lupu-gateway",
        agents_port=free_port(),
        staff_port=free_port(),
        outside_port=free_port(),
        inside_port=free_port(),
        database={"url": database_url},
        gateway={
            "snapshots": f"{own}/snapshots/{{name}}",
            "replays": f"{own}/replays",
            "books": f"{own}/books/{{name}}",
        },
    )
    stack = Stack(places, NAMES)
    inside = places.configuration("inside")
    text = inside.read_text("utf-8").replace("run/lupu-gateway/", "run/lupu-staff/")
    lib = machine.root / "var/lib"
    ticketing, evidence = f"{lib}/lupu-ticketing/journal", f"{lib}/lupu-evidence/journal"
    journals = f'{ticketing}"\n[worker.evidence-1]\njournal = "{evidence}'
    inside.write_text(text.replace(f"{places.folder}/{JOURNALS}/{{name}}", journals), "utf-8")
    return stack


def _haproxy(stack: Stack) -> Haproxy:
    places = stack.places
    certificate = Authority(places.certificates, "edge").issued("edge")
    sockets = {name: places.socket(name) for name in stack.components.gateways}
    entrance = Entrance(LOOPBACK, places.agents_port, certificate, sockets)
    agents = Authority(places.certificates, "agents").certificate
    return Haproxy(places.folder / "haproxy", {agents_section(entrance, agents): entrance})


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Install the first release and begin with it, as OPERATING.md says."""
    with TemporaryDirectory(prefix="lupu-m-") as short, ExitStack() as ending:
        machine = Machine(Path(short) / "m", OLD)
        Path(short).chmod(0o711)  # its users pass through
        shutil.move(release(folder / "old", OLD), machine.root / "root")
        server = PostgreSQL(machine.root / "postgresql")
        ending.callback(server.stop)
        server.start()
        url = server.create("expo")
        stack = _stack(machine, url)
        ending.callback(stack.stop)
        stack.start_brokers()
        machine.type(told_to_type("Install"))
        wheels = machine.root / f"opt/lupu/releases/lupu-{OLD}/wheels"
        shutil.move(release(folder / "new", NEW, wheels), machine.root / "root")
        opening = datetime.now(UTC).date() + timedelta(days=DAYS_TO_OPENING)
        lupu = f"/opt/lupu/releases/{OLD}/bin/lupu"
        machine.type(f"{lupu} database upgrade {INSIDE}")
        machine.type(f"{lupu} ticketing load --opening {opening} {INSIDE}")
        named = "--name-en Travel --name-zh 旅行社 --group --per-second 100000"
        said = machine.type(f"{lupu} agents add 1001 {named} {INSIDE}")
        stack.wait_for_brokers()
        haproxy = _haproxy(stack)
        ending.callback(haproxy.stop)
        ending.callback(machine.stop)
        made = Installation(machine, stack, url, opening, said.rpartition("password ")[2].strip())
        list(made.typed("Begin", OLD))
        haproxy.start()
        yield made
