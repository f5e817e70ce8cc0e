"""The habits of the house, held by reading every file."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.structure.source import ROOT, files, tree

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
PARAMETERS_MAX = 5
VAGUE_NAMES = {"utils", "helpers", "common", "misc", "base"}
ENVIRONMENT_READER = Path("hub/settings.py")
# Where a failure of any kind must be caught, for there is nobody above to catch it.
BROAD_EXCEPT = {
    "hub/channel.py",
    "tests/simulation/run.py",
    "hub/inbox.py",
    "lupu/exits.py",
    "hub/worker.py",
    "hub/queries.py",
    "internal_apps/serving.py",
    "internal_apps/previewing.py",
    "adapters/amqp/loop.py",
    "dmz_gateway/agents/names.py",
    "dmz_gateway/app.py",
    "adapters/published.py",
    "adapters/quarantine/entries.py",
    "dmz_gateway/books/pages.py",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions() -> Iterator[tuple[Path, Function]]:
    for file in files():
        for node in ast.walk(tree(file)):
            if isinstance(node, Function):
                yield file, node


def test_files_are_short() -> None:
    """No Python file is longer than 300 lines, tests included."""
    lengths = {str(f): len((ROOT / f).read_text("utf-8").splitlines()) for f in files()}
    assert {f: lines for f, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    """No function is longer than 40 lines."""
    long = [
        f"{file}:{node.lineno} {node.name}"
        for file, node in _functions()
        if (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_parameters_are_few() -> None:
    """No function takes more than five positional parameters, self and cls not counted."""
    many = []
    for file, node in _functions():
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        if len([name for name in names if name not in {"self", "cls"}]) > PARAMETERS_MAX:
            many.append(f"{file}:{node.lineno} {node.name}")
    assert many == []


def test_names_say_something() -> None:
    """No file is called utils, helpers, common, misc or base."""
    assert [str(file) for file in files() if file.stem in VAGUE_NAMES] == []


def test_every_test_has_its_sentence() -> None:
    """Each test says in its docstring which promise it holds."""
    silent = [
        f"{file}:{node.lineno} {node.name}"
        for file, node in _functions()
        if file.parts[0] == "tests"
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_everything_public_is_described() -> None:
    """Every module, public class and public function outside tests has a docstring."""
    silent = []
    for file in files(
        "hub", "adapters", "dmz_gateway", "internal_apps", "certs", "deploy", "lupu"
    ):
        for node in (tree(file), *tree(file).body):
            named = getattr(node, "name", "module")
            if (
                isinstance(node, ast.Module | ast.ClassDef | Function)
                and not named.startswith("_")
                and not ast.get_docstring(node)
            ):
                silent.append(f"{file} {named}")
    assert silent == []


def test_one_file_reads_the_environment() -> None:
    """os.environ and os.getenv are named in hub/settings.py alone."""
    readers = {
        str(file)
        for file in files()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv", "environb"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    assert readers == {str(ENVIRONMENT_READER)}


def test_nothing_is_swallowed() -> None:
    """Bare and broad excepts stand only where a thread or a batch must outlive any error."""
    broad = {
        str(file)
        for file in files()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    }
    assert {f for f in broad if f not in BROAD_EXCEPT and not f.endswith("__main__.py")} == set()


def _is_broad(node: ast.ExceptHandler) -> bool:
    if any(isinstance(line, ast.Raise) and line.exc is None for line in ast.walk(node)):
        return False
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
    )


def test_no_key_is_committed() -> None:
    """No tracked file holds a private key."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    marker = b"PRIVATE" + b" KEY-----"
    tracked = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert [path.name for path in tracked if marker in path.read_bytes()] == []


def test_production_knows_no_test_library() -> None:
    """Nothing outside tests/ imports a test library or a mock."""
    forbidden = {"pytest", "unittest", "hypothesis", "selenium", "suds"}
    found = [
        f"{file}:{node.lineno}"
        for file in files("hub", "adapters", "dmz_gateway", "internal_apps", "certs", "lupu")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom) and _top(node) & forbidden
    ]
    assert found == []


def _top(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]}


def test_own_code_is_not_mocked() -> None:
    """No test replaces our own code by a mock; fakes that really serialise stand in instead."""
    mocking = [
        f"{file}:{node.lineno}"
        for file in files("tests")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.dump(node).lower()
    ]
    assert mocking == []
