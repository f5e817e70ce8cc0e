"""Importing any module opens nothing."""

import subprocess
import sys

from tests.structure.source import ROOT, files

# Run in a process of its own: an audit hook cannot be taken out again.
_IMPORT_ALL = """
import importlib, sys
forbidden = ("socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.fork")
def watch(event, arguments):
    if event in forbidden:
        raise RuntimeError(f"{event} on import")
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_importing_opens_nothing() -> None:
    """No module connects, binds, opens a database or starts a program by being imported."""
    names = [
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files(
            "hub", "adapters", "dmz_gateway", "internal_apps", "certs", "deploy", "lupu"
        )
        if "versions" not in file.parts and file.name != "env.py"
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _IMPORT_ALL, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
