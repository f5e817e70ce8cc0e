"""Environments of the peers, made where they are missing: their needs are not the project's."""

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from bench import figures, soap
from deploy.local.process import Process, ProcessFailed

SPYNE = "2.14.0"
FOLDER = Path("run/bench/spyne")
INSTALL_SECONDS_MAX = 300


def spyne(folder: Path, processes: int, password: str) -> list[Process]:
    """Return processes of the spyne peer, each on the socket that the proxy expects."""
    python = _environment(FOLDER.resolve())
    program = Path(__file__).with_name("spyne_peer.py")
    return [
        Process(
            f"spyne {number + 1}",
            [
                str(python),
                str(program),
                str(folder / f"{number + 1}.sock"),
                soap.AGENT,
                password,
            ],
            folder / f"spyne-{number + 1}.log",
        )
        for number in range(processes)
    ]


def _environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    done = folder / "ready"
    if done.exists():
        return python
    figures.progress(f"making an environment for spyne {SPYNE}")
    venv.create(folder, with_pip=True, clear=True)
    packages = [f"spyne=={SPYNE}", *(f"{name}=={version(name)}" for name in ("lxml", "granian"))]
    made = subprocess.run(  # noqa: S603  the command is made above
        [str(python), "-m", "pip", "install", "--quiet", *packages],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=INSTALL_SECONDS_MAX,
        check=False,
    )
    if made.returncode:
        raise ProcessFailed("The environment for spyne could not be made; see above.")
    done.touch()
    return python
