"""What systemd is told: one user a process, what it may read, what it cannot do."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from lupu.processes import PROCESSES
from tests.structure.source import ROOT

FOLDER = ROOT / "deploy/systemd"
KINDS = tuple(process.command for process in PROCESSES)
# What systemd-analyze finds exposed of each unit, of ten; what is left are network and files.
EXPOSED_MAX = 1.6
SECRETS = tuple(
    path
    for kind in KINDS
    for path in (
        f"certificates/outside/{kind}-1.key",
        f"certificates/inside/{kind}-1.key",
        f"sealing/keys/{kind}-1/a.sign.pem",
        f"secrets/{kind}-1",
    )
)
SHARED = {"sealing/keys/hub/a.open.pem": "hub", "sealing/keys/operator/a.open.pem": "staff"}
ROOTS = ("certificates/outside/authority.key", "certificates/edge/edge.key")


def run(*command: str) -> str:
    """Run a program; return what it says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer a file tree with users, keys and units, as OPERATING.md has them made."""
    root = tmp_path_factory.mktemp("root")
    etc = root / "etc"
    for place, name in (("sysusers.d", "lupu.sysusers"), ("tmpfiles.d", "lupu.tmpfiles")):
        (etc / place).mkdir(parents=True)
        shutil.copy(FOLDER / name, etc / place / "lupu.conf")
    for secret in (*SECRETS, *SHARED, *ROOTS):
        file = etc / "lupu" / secret
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    units = etc / "systemd/system"
    units.mkdir(parents=True)
    for unit in FOLDER.glob("*.service"):
        shutil.copy(unit, units)
    for name in ("sysinit", "basic", "shutdown", "multi-user", "network-online", "network"):
        shutil.copy(f"/usr/lib/systemd/system/{name}.target", units)
    program = root / "opt/lupu/current/bin/lupu"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    run("systemd-sysusers", f"--root={root}", "lupu.conf")
    run("systemd-tmpfiles", f"--root={root}", "--create", "lupu.conf")
    return root


def numbers(tree: Path) -> dict[str, int]:
    """Return the number of each user of the tree."""
    rows = [line.split(":") for line in (tree / "etc/passwd").read_text("utf-8").splitlines()]
    return {row[0]: int(row[2]) for row in rows}


def test_a_secret_is_read_by_the_one_process_that_it_belongs_to(tree: Path) -> None:
    """A worker's user cannot read a gateway's key, nor write or replace its own."""
    users = numbers(tree)
    owners = SHARED | {path: Path(path).parts[-1].partition("-")[0] for path in SECRETS}
    owners |= {path: path.split("/")[2].partition("-")[0] for path in SECRETS if "keys/" in path}
    for path, kind in owners.items():
        found = (tree / "etc/lupu" / path).stat()
        has_secret = kind not in {"gateway", "hub"} or not path.startswith("secrets")
        if has_secret:
            assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (users[f"lupu-{kind}"], 0o400)
        parent = (tree / "etc/lupu" / path).parent.stat()
        assert (parent.st_uid, parent.st_mode & 0o022) == (0, 0), path
    for path in ROOTS:
        found = (tree / "etc/lupu" / path).stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)


def test_each_process_has_a_user_of_its_own(tree: Path) -> None:
    """As many users as kinds of processes; none may sign in."""
    rows = [line.split(":") for line in (tree / "etc/passwd").read_text("utf-8").splitlines()]
    assert {row[0] for row in rows} == {f"lupu-{kind}" for kind in KINDS}
    assert {row[6] for row in rows} == {"/usr/sbin/nologin"}
    for kind in KINDS:
        assert f"User=lupu-{kind}\n" in (FOLDER / f"lupu-{kind}@.service").read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_is_right_and_confined(tree: Path, kind: str) -> None:
    """Systemd takes it as it is, and finds next to nothing exposed."""
    assert run("systemd-analyze", "verify", f"--root={tree}", f"lupu-{kind}@1.service") == ""
    said = run(
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--root={tree}",
        f"--threshold={EXPOSED_MAX * 10:.0f}",
        f"lupu-{kind}@1.service",
    )
    assert f"exposure level for lupu-{kind}@1.service: {EXPOSED_MAX}" in said
