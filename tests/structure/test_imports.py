"""The arrows of the architecture, held by reading every import, hidden ones included."""

from collections import defaultdict
from pathlib import Path

from tests.structure.source import Import, files, imports, third_party, tree

# Who may import whom, beside itself. A process's __main__ wires and may import adapters.
ARROWS = {
    "hub": set[str](),
    "adapters": {"hub"},
    "dmz_gateway": {"hub", "adapters"},
    "internal_apps": {"hub", "adapters"},
    "certs": {"hub"},
    "deploy": {"hub", "adapters", "certs", "lupu"},
    # The command line imports a group of commands, and with it a zone, when it is used.
    "lupu": {"hub", "adapters", "certs", "deploy", "dmz_gateway", "internal_apps"},
}
WIRING = "__main__.py"
# Wires everything into one process for "make try".
ONE_PROCESS = Path("deploy/local/first_look.py")
# Alembic's own scripts, one a change of a schema.
MIGRATIONS = "versions"

# Libraries that stand for one thing and are counted as one.
FAMILIES = {
    "alembic": "sqlalchemy",
    "ibm_db": "sqlalchemy",
    "ibm_db_dbi": "sqlalchemy",
    "ibm_db_sa": "sqlalchemy",
    "psycopg": "sqlalchemy",
    "xmlsec": "lxml",
}


def _shown(found: list[Import]) -> str:
    return "\n".join(str(entry) for entry in found)


def test_parts_import_only_along_the_arrows() -> None:
    """The hub imports nobody, adapters import it, the zones import both, never each other."""
    wrong = [
        entry
        for part, allowed in ARROWS.items()
        for entry in imports(part)
        if entry.top in {*ARROWS, "tests", "bench"} - {part} - allowed
        and not (entry.file.name == WIRING and entry.top == "adapters")
        and entry.file != ONE_PROCESS
    ]
    assert not wrong, _shown(wrong)


def test_hub_needs_nothing_but_python() -> None:
    """The mechanics of the bridge use the standard library only."""
    wrong = [entry for entry in imports("hub") if third_party(entry.top)]
    assert not wrong, _shown(wrong)


def test_capabilities_do_not_know_each_other() -> None:
    """An application imports itself and what all share, never another; only wiring may."""
    folders = {path.parts[1] for path in files("internal_apps") if len(path.parts) > 2}
    wrong = [
        entry
        for entry in imports("internal_apps")
        if entry.top == "internal_apps"
        and len(entry.file.parts) > 2
        and entry.file.name != WIRING
        and entry.name.split(".")[1] in folders - {entry.file.parts[1]}
    ]
    assert not wrong, _shown(wrong)


def test_an_adapter_file_uses_one_library() -> None:
    """Each adapter file names one library, so that each library can be exchanged."""
    libraries: dict[Path, set[str]] = defaultdict(set)
    for entry in imports("adapters"):
        if third_party(entry.top):
            libraries[entry.file].add(FAMILIES.get(entry.top, entry.top))
    wrong = {str(file): names for file, names in libraries.items() if len(names) > 1}
    assert not wrong


def test_messaging_and_database_libraries_stay_in_their_adapter() -> None:
    """pika, SQLAlchemy and the like are named in one adapter and nowhere else."""
    homes = {
        "pika": "adapters/amqp",
        "prometheus_client": "adapters/metrics.py",
        "OpenSSL": "adapters/certificates.py",
        "alembic": "adapters/database",
        "ibm_db": "adapters/database",
        "xmlsec": "adapters/soap",
    }
    zones = ("hub", "adapters", "dmz_gateway", "internal_apps", "lupu", "deploy")
    wrong = [
        entry
        for entry in imports(*zones)
        if entry.top in homes
        and MIGRATIONS not in entry.file.parts
        and not str(entry.file).startswith(homes[entry.top])
    ]
    assert not wrong, _shown(wrong)


def test_no_import_hides_in_a_function() -> None:
    """Late imports hide cycles; there are none."""
    wrong = [entry for entry in imports() if entry.late]
    assert not wrong, _shown(wrong)


def test_only_the_command_line_imports_by_name() -> None:
    """One place imports by name: where the command line starts a process."""
    allowed = {Path("lupu/processes.py")}
    wrong = [
        entry
        for entry in imports()
        if entry.top == "importlib"
        and entry.name != "importlib.metadata"
        and not entry.name.startswith(("importlib.resources", "importlib.metadata"))
        and entry.file not in allowed
        and entry.file.parts[0] != "tests"
    ]
    assert not wrong, _shown(wrong)


def test_modules_form_no_cycle() -> None:
    """No module reaches itself through its imports."""
    known = {_module(file) for file in files()}
    edges: dict[str, set[str]] = defaultdict(set)
    for entry in imports():
        target = entry.name if entry.name in known else entry.name.rpartition(".")[0]
        if target in known and target != _module(entry.file):
            edges[_module(entry.file)].add(target)
    assert _cycle(edges) == []


def _module(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _cycle(edges: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for target in sorted(edges[module]):
            if found := visit(target, [*way, module]):
                return found
        done.add(module)
        return []

    for start in sorted(edges):
        if found := visit(start, []):
            return found
    return []


def test_every_file_can_be_read() -> None:
    """The tests of this folder see a tree and not an empty folder."""
    assert len(files()) > 50
    assert all(tree(file) is not None for file in files())
