"""The documents say what is true: every event, metric and fault code has its row."""

import re
from pathlib import Path

import pytest

from deploy.brokers.configuration import PEM_CACHE_CLEARED
from deploy.local.broker import DECLARED_ON_DISK
from hub.parking import OTHER, kinds
from tests.structure.kept_rows import ENDS, MISTAKE, kept_rows

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("hub", "adapters", "dmz_gateway", "internal_apps", "lupu")
DOCUMENTS = sorted(ROOT.glob("*.md"))

_EVENT = re.compile(r"_log\.(?:warning|error|exception)\(\s*\"([a-z_]+\.[a-z_]+)\"")
_METRIC = re.compile(r"\.(?:count|observe|gauge|gauge_of)\(\s*\"(lupu_[a-z_]+)\"")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ARCHITECTURE_LINES_MAX = 200
README_CODE_LINE_MAX = 20


def sources() -> str:
    """Return the text of the whole product."""
    paths = [path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text("utf-8") for path in paths)


def document(name: str) -> str:
    """Return a document's text."""
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("pattern", [_EVENT, _METRIC], ids=["events", "metrics"])
def test_everything_that_may_wake_somebody_has_a_row(pattern: re.Pattern[str]) -> None:
    """Each warning, error and metric is explained in OPERATING.md."""
    found = set(pattern.findall(sources()))
    assert found
    operating = document("OPERATING.md")
    assert not [name for name in sorted(found) if f"`{name}`" not in operating]


def test_nothing_is_explained_that_is_not_there() -> None:
    """A row of OPERATING.md names an event or a metric that the code really has."""
    text = sources()
    named = re.findall(
        r"`(lupu_[a-z_]+|[a-z]+\.(?!toml|pem|sock|crt|crl|conf)[a-z_]+)`",
        document("OPERATING.md"),
    )
    assert named
    assert not [name for name in named if f'"{name}"' not in text]


def test_whoever_finds_a_kept_message_reads_what_to_do() -> None:
    """Each kind of reason has its row in OPERATING.md: cause, commands, and how it ends."""
    rows = kept_rows()
    assert {kind for row in rows for kind in row.kinds} - {MISTAKE} == {*kinds(), OTHER}
    assert {row.ends for row in rows} == set(ENDS)
    assert [row for row in rows if not (row.cause and row.commands)] == []


def test_every_fault_code_is_explained_to_agencies_in_both_languages() -> None:
    """Whoever is refused finds the code in INTEGRATING, in the language of choice."""
    codes = set(re.findall(r"Refusal\(\s*\"([A-Z_]+)\"", sources()))
    codes |= set(re.findall(r"_(?:invalid|later|no)\(\s*(?:[A-Z_]+,\s*)?\"([A-Z_]+)\"", sources()))
    assert len(codes) > 20
    for name in ("INTEGRATING.md", "INTEGRATING.zh-CN.md"):
        text = document(name)
        assert not [code for code in sorted(codes) if f"`{code}`" not in text], name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link names a file that is there."""
    missing = [
        link for link in _LINK.findall(path.read_text("utf-8")) if not (ROOT / link).exists()
    ]
    assert not missing


def test_the_newcomer_finds_something_to_run_at_once() -> None:
    """Both READMEs have their first command by line 20, the map its page under 200 lines."""
    for name in ("README.md", "README.zh-CN.md"):
        lines = document(name).splitlines()
        assert lines.index("```sh") < README_CODE_LINE_MAX
    assert len(document("ARCHITECTURE.md").splitlines()) < ARCHITECTURE_LINES_MAX


def test_what_is_to_be_typed_on_a_broker_is_what_we_do_ourselves() -> None:
    """The command that brings new queues to a disk is the one that is tried by killing a node."""
    assert f"rabbitmqctl eval '{DECLARED_ON_DISK}.'" in document("OPERATING.md")
    written = " ".join(document("OPERATING.md").split())
    assert f"rabbitmqctl eval '{PEM_CACHE_CLEARED}.'" in written
