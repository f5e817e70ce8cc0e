"""Apache Derby's network server, reached with IBM's own Db2 driver through a relay."""

import subprocess
from pathlib import Path

from deploy.local.ports import LOOPBACK, answers, free_port
from deploy.local.process import Process, ProcessFailed
from deploy.local.programs import missing, program
from tests.servers.drda_relay import DrdaRelay

ACCOUNT = "app"
# Nothing here runs long enough to earn back what the second compiler takes.
_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
PACKAGES = "derby-tools libderby-java default-jre-headless"
JAR_FOLDER = Path("/usr/share/java")
JARS = ("derby.jar", "derbynet.jar", "derbytools.jar", "derbyclient.jar", "derbyshared.jar")
SECONDS_MAX = 60.0


class Derby:
    """One private server; everything it writes is under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port = free_port()
        self._java = str(program("java", "default-jre-headless"))
        self._classes = _classes()
        self._relay = DrdaRelay(self._port)
        self._process = Process(
            "Derby",
            [
                *(self._java, *_JAVA_OPTIONS, f"-Dderby.system.home={folder}"),
                *("-Dderby.locks.deadlockTimeout=1", "-Dderby.locks.waitTimeout=5"),
                *("-cp", self._classes),
                *("org.apache.derby.drda.NetworkServerControl", "start"),
                *("-h", LOOPBACK, "-p", str(self._port), "-noSecurityManager"),
            ],
            folder / "derby.out",
            folder=folder,
        )

    def start(self) -> None:
        """Start the server and the relay; wait until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process.start()
        self._process.wait_ready(lambda: answers(self._port))
        self._relay.start()

    def stop(self) -> None:
        """End both."""
        self._relay.stop()
        self._process.kill()

    def create(self, name: str) -> str:
        """Create an empty database, its name in capitals, and return its SQLAlchemy URL."""
        location = f"jdbc:derby://{LOOPBACK}:{self._port}/{name}"
        statement = f"connect '{location};create=true;user={ACCOUNT};password={ACCOUNT}';"
        done = subprocess.run(
            [self._java, *_JAVA_OPTIONS, "-cp", self._classes, "org.apache.derby.tools.ij"],
            input=statement,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
            cwd=self.folder,
        )
        if done.returncode or "ERROR" in done.stdout:
            raise ProcessFailed(f"Derby made no database {name}: {done.stdout.strip()}")
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL with which IBM's driver reaches a database."""
        address = f"{ACCOUNT}:{ACCOUNT}@{LOOPBACK}:{self._relay.port}"
        return f"ibm_db_sa://{address}/{name};AUTHENTICATION=SERVER"


def _classes() -> str:
    found = [str(JAR_FOLDER / jar) for jar in JARS if (JAR_FOLDER / jar).exists()]
    if len(found) < len(JARS) - 1:
        raise missing("Apache Derby", PACKAGES)
    return ":".join(found)
