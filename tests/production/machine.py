"""A fresh machine's file tree: commands of OPERATING.md are typed, units started as they say."""

import functools
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from deploy.local.process import Process
from tests.structure.source import ROOT

SYSTEMD = "/usr/lib/systemd/system"
FOLDERS = ("etc/sysusers.d", "etc/tmpfiles.d", "etc/systemd/system", "run", "var/lib", "root")
CONFINED = Path(__file__).with_name("confined.py")


def told_to_type(title: str) -> str:
    """Return the commands that OPERATING.md has below a word in bold."""
    _, _, rest = (ROOT / "OPERATING.md").read_text("utf-8").partition(f"**{title}**")
    found = re.search(r"```sh\n(.*?)```", rest, re.DOTALL)
    assert found is not None, title
    return found[1]


@functools.cache
def system_calls(name: str) -> frozenset[str]:
    """Return the system calls of systemd's set of this name."""
    asked = ["systemd-analyze", "syscall-filter", name]
    lines = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split("\n")
    found = {line.strip() for line in lines[1:] if line.strip() and "#" not in line}
    sets = {one for one in found if one.startswith("@")}
    return frozenset(found - sets).union(*(system_calls(one) for one in sets))


class Unit:
    """A unit's file, its instance filled in."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, _, instance = name.partition("@")
        self.said: dict[str, list[str]] = defaultdict(list)
        for line in (folder / f"{self.name}@.service").read_text("utf-8").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                self.said[key].append(value.replace("%i", instance))

    def one(self, key: str) -> str:
        """Return what the unit says under a key, once."""
        (value,) = self.said[key]
        return value

    def calls(self) -> str:
        """Return the system calls that the unit allows, joined by commas."""
        allowed: set[str] = set(system_calls("@default"))
        for value in self.said["SystemCallFilter"]:
            named = system_calls(value.removeprefix("~"))
            allowed = allowed - named if value.startswith("~") else allowed | named
        return ",".join(sorted(allowed))


class Machine:
    """One file tree below ``root``; ``processes`` are those of its units by name."""

    def __init__(self, root: Path, version: str = "") -> None:
        self.root = root
        self.version = version
        self.processes: dict[str, Process] = {}
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True)
        root.chmod(0o711)

    def type(self, lines: str) -> str:
        """Type commands, the tree's root instead of the machine's; return what they print."""
        return "".join(self._typed(line) for line in lines.splitlines() if line.strip())

    def here(self, text: str) -> str:
        """Return a text whose paths are those of the tree."""
        return re.sub(r"(?<![\w.])/(?=(?:opt/lupu|etc|run|var/lib)/)", f"{self.root}/", text)

    def stop(self) -> None:
        """End every process, those at the edge first."""
        for process in reversed(self.processes.values()):
            process.stop()

    def user(self, name: str) -> int:
        """Return a user's number in the tree."""
        for line in (self.root / "etc/passwd").read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split(":")[2])
        raise AssertionError(f"no user {name}")

    def _typed(self, line: str) -> str:
        if line.startswith("systemctl "):
            self._systemctl(line.split()[1:])
            return ""
        rooted = re.sub(r"^(systemd-\w+)", rf"\1 --root={self.root}", self.here(line))
        done = subprocess.run(
            ["sh", "-ec", rooted],
            cwd=self.root / "root",
            env={"PATH": os.defpath, "VERSION": self.version},
            capture_output=True,
            text=True,
            check=False,
        )
        ended = [one.tail() for one in self.processes.values() if not one.alive()]
        assert done.returncode == 0, "\n".join([line, done.stderr, *ended])
        return done.stdout

    def _systemctl(self, words: list[str]) -> None:
        if words[0] in {"enable", "restart"}:
            self._start(words[-1])
        else:
            assert words == ["daemon-reload"]

    def _start(self, name: str) -> None:
        unit = Unit(self.root / "etc/systemd/system", name)
        number = self.user(unit.one("User"))
        for key, place in (("RuntimeDirectory", "run"), ("StateDirectory", "var/lib")):
            folder = self.root / place / unit.one(key)
            folder.mkdir(exist_ok=True)
            os.chown(folder, number, number)
        if name in self.processes:
            assert self.processes[name].stop(), f"{name} did not end when told to"
        confined = (str(number), unit.one("LimitNOFILE"), unit.calls(), "--")
        command = self.here(unit.one("ExecStart")).split()
        whole = [sys.executable, "-I", str(CONFINED), *confined, *command]
        process = Process(name, whole, self.root / f"{name}.log", environment={}, folder=self.root)
        process.start()
        self.processes[name] = process
        for after in unit.said["ExecStartPost"]:
            self._typed(after.removeprefix("-"))

    def runs(self) -> dict[str, str]:
        """Return the version that each process runs from."""
        return dict(self._running())

    def _running(self) -> Iterator[tuple[str, str]]:
        for name, process in self.processes.items():
            words = Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")
            found = re.search(r"/opt/lupu/releases/([^/]+)/", words)
            yield name, found[1] if found else process.tail()
