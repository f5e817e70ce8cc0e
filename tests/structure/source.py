"""The tree as its own tests read it: Python files, their syntax trees, their imports."""

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    "hub",
    "adapters",
    "dmz_gateway",
    "internal_apps",
    "certs",
    "deploy",
    "lupu",
    "bench",
    "tests",
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the file that has it, what it names, and whether it hides in a function."""

    file: Path
    line: int
    name: str
    late: bool

    @property
    def top(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        """``file:line imports name``, as a failing test prints it."""
        return f"{self.file}:{self.line} imports {self.name}"


@functools.cache
def files(*parts: str) -> tuple[Path, ...]:
    """Return every Python file of the named parts (all by default), relative to the root."""
    found = (path for part in parts or PARTS for path in (ROOT / part).rglob("*.py"))
    return tuple(sorted(p.relative_to(ROOT) for p in found if "node_modules" not in p.parts))


@functools.cache
def tree(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse((ROOT / file).read_text("utf-8"), str(file))


def imports(*parts: str) -> Iterator[Import]:
    """Yield every import of the named parts, those hidden in functions included."""
    for file in files(*parts):
        yield from _imports(file)


def third_party(name: str) -> bool:
    """Return whether a top-level name is neither Python's own nor ours."""
    return name not in sys.stdlib_module_names and name not in PARTS


@functools.cache
def _imports(file: Path) -> tuple[Import, ...]:
    every = list(ast.walk(tree(file)))
    late = {
        id(node)
        for function in every
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    return tuple(
        Import(file, getattr(node, "lineno", 0), name, id(node) in late)
        for node in every
        for name in _names(node)
    )


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
