"""CONTRIBUTING.md followed to the letter, in a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.structure.source import ROOT

COMMAND_SECONDS_MAX = 120
_FENCED = r"```[a-z]+\n(?P<text>.*?)^```$"
_CREATE = re.compile(
    rf"Create (?P<paths>`[^`\n]+`(?: and `[^`\n]+`)*):\n{_FENCED}", re.DOTALL | re.MULTILINE
)
_BELOW = re.compile(
    rf"In `(?P<path>[^`\n]+)`, below `(?P<line>[^`\n]+)`:\n{_FENCED}", re.DOTALL | re.MULTILINE
)
_PYTHON_OR_XML = re.compile(r"^```(?:python|xml)$", re.MULTILINE)


class Followed:
    """A copy of the tree in which every step of CONTRIBUTING.md was taken."""

    def __init__(self, folder: Path) -> None:
        """Copy the tree to ``folder`` and change it."""
        self.folder = folder
        self.created: list[str] = []
        self.changed: list[str] = []
        _copy(folder)
        text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
        steps = [*_CREATE.finditer(text), *_BELOW.finditer(text)]
        assert len(steps) == len(_PYTHON_OR_XML.findall(text)), "a block names no file"
        for step in steps:
            self._take(step)

    def run(self, *arguments: str) -> str:
        """Run a module with the copy as the only Lupu; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _take(self, step: re.Match[str]) -> None:
        if "paths" in step.groupdict():
            for name in re.findall(r"`([^`]+)`", step["paths"]):
                path = self.folder / name
                assert not path.exists(), name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step["text"], "utf-8")
                self.created.append(name)
            return
        path = self.folder / step["path"]
        lines = path.read_text("utf-8").splitlines(keepends=True)
        (place,) = [at for at, line in enumerate(lines) if line.strip() == step["line"]]
        lines.insert(place + 1, step["text"])
        path.write_text("".join(lines), "utf-8")
        self.changed.append(step["path"])


def _copy(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
