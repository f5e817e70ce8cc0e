"""Every file or folder of ours that a document, a docstring or a comment names is there."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.source import PARTS, ROOT, files, tree

# What CONTRIBUTING.md has its reader make.
EXAMPLE = "lostproperty"
DOCUMENTS = tuple(path.relative_to(ROOT) for path in sorted(ROOT.glob("*.md")))
SCRIPTS = tuple(
    path.relative_to(ROOT)
    for path in sorted((ROOT / "deploy").rglob("*"))
    if path.suffix in {".sh", ".cfg", ".conf", ".service", ".toml"}
)
_PATH = re.compile(rf"(?<![\w/.{{<$-])(?:{'|'.join([*PARTS, 'schemas'])})(?:/[\w.*@-]+)+")
_CAPITALS = re.compile(r"[A-Z]{3,}(?![A-Z]*\.md)")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def prose(file: Path) -> Iterator[str]:
    """Yield what a file says to people."""
    if file.suffix != ".py":
        yield (ROOT / file).read_text("utf-8")
        return
    for node in ast.walk(tree(file)):
        if isinstance(node, _DOCUMENTED):
            yield ast.get_docstring(node) or ""
    with (ROOT / file).open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.string


def missing(text: str) -> list[str]:
    """Return the paths that ``text`` names and that are not there.

    A module may lack ``.py``; a word in capitals stands for any.
    """
    named = {found.rstrip(".") for found in _PATH.findall(text)}
    return sorted(
        name
        for name in named
        if EXAMPLE not in name
        and not any(ROOT.glob(_CAPITALS.sub("*", name)))
        and not (ROOT / f"{name}.py").exists()
    )


@pytest.mark.parametrize("file", [*DOCUMENTS, *SCRIPTS, *files()], ids=str)
def test_paths_that_are_named_are_there(file: Path) -> None:
    """Who looks where he is sent finds something."""
    assert [name for text in prose(file) for name in missing(text)] == []


def test_a_path_that_went_would_be_noticed() -> None:
    """A module, a package and a pattern are found; what has gone is not."""
    assert missing("see `hub/inbox`, `adapters/memory`, tests/unit/test_*.py.") == []
    assert missing("deploy/systemd/lupu-COMPONENT@.service, bench/README.md") == []
    assert missing("deploy/gone-COMPONENT@.service") == ["deploy/gone-COMPONENT@.service"]
    assert missing("``adapters/memory.py`` and hub/gone.") == ["adapters/memory.py", "hub/gone"]
