"""A private PostgreSQL cluster, full durability unless told otherwise."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from deploy.local.ports import LOOPBACK, answers, free_port
from deploy.local.process import Process, ProcessFailed
from deploy.local.programs import in_folders, program, within
from hub.settings import environment

PACKAGE = "postgresql"
ACCOUNT = "lupu"
SECONDS_MAX = 60.0
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/bin")
# PostgreSQL refuses to run as root; Debian's package brings this account.
_SYSTEM_USER = "postgres"


class PostgreSQL:
    """One private cluster; everything it writes is under ``folder``.

    It trusts whoever can connect from its own machine: it is for tests and the demo. It
    ``listens`` on loopback, in whichever network it is.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        listens: str = LOOPBACK,
        network: str = "",
        sockets: str = "",
        owner: str = ACCOUNT,
        settings: Path | None = None,
    ) -> None:
        """``sockets``: the folder of its unix socket; without one it has none.

        ``owner``: the superuser of a cluster that is made; ``settings``: its own postgresql.conf.
        """
        self.folder = folder
        self.port = port or free_port()
        self._bin = in_folders("initdb", _FOLDERS, PACKAGE).parent
        self._user = _SYSTEM_USER if os.geteuid() == 0 else ""
        self.data = folder / "data"
        self._network = network
        self._owner = owner
        configured = () if settings is None else ("-c", f"config_file={settings}")
        self._process = Process(
            "PostgreSQL",
            [
                *(str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port)),
                *("-h", listens, "-k", sockets, "-c", "timezone=UTC"),
                *configured,
            ],
            folder / "postgresql.log",
            # Who connects to another looks for certificates at home, where root's are not its own.
            environment=environment() | {"HOME": str(folder)},
            user=self._user,
            folder=folder,
            network=network,
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def start(self) -> None:
        """Make the cluster where there is none, start it and wait until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self.make()
        self._process.start()
        self._process.wait_ready(self._is_ready)

    def stop(self) -> None:
        """End the server and its sessions at once; nothing committed is lost."""
        self._process.kill()

    def create(self, name: str) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        self.run("createdb", "-h", LOOPBACK, "-p", str(self.port), "-U", ACCOUNT, name)
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{ACCOUNT}@{LOOPBACK}:{self.port}/{name}"

    def _is_ready(self) -> bool:
        """Whether it takes sessions: its port answers while it still starts up."""
        if not answers(self.port, network=self._network):
            return False
        pg_isready = (str(self._bin / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port))
        asked = [*within(self._network), *pg_isready]
        return subprocess.run(asked, check=False).returncode == 0  # noqa: S603  our own command

    def make(self) -> None:
        """Make the cluster."""
        self.data.mkdir(mode=0o700)
        if self._user:
            _open_way(self.data, self._user)
        self.run(
            *("initdb", "-D", str(self.data), "-U", self._owner, "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        )

    def run(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as its account; return what it says."""
        command = [str(self._bin / name), *arguments]
        if self._user:
            setpriv = str(program("setpriv", "util-linux"))
            as_user = (
                setpriv,
                "--reuid",
                self._user,
                "--regid",
                self._user,
                "--init-groups",
                "--reset-env",
            )
            command = [*within(self._network), *as_user, "--", *command]
        done = subprocess.run(  # noqa: S603  the command is made above
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
            cwd=self.folder,
        )
        if done.returncode:
            raise ProcessFailed(f"{name} failed: {done.stderr.strip()}")
        return done.stdout.strip()


def _open_way(folder: Path, user: str) -> None:
    """Give ``folder`` to ``user`` and let it pass through the private folders above."""
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001 and parent.stat().st_uid == os.geteuid():
            parent.chmod(mode | 0o001)


def remove(folder: Path) -> None:
    """Remove a stopped cluster."""
    shutil.rmtree(folder, ignore_errors=True)
