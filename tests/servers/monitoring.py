"""The files for Prometheus and Grafana as tests read them, and what a running system serves."""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.structure.source import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
ALERTS = FOLDER / "alerts.yml"
ANSWER_SECONDS_MAX = 5
_ALERT = re.compile(
    r"- alert: (?P<name>\w+)\n\s+expr: (?P<expr>.+)\n(?:\s+for: .+\n)?"
    r"\s+labels: \{severity: (?P<severity>\w+)\}\n\s+annotations:\n"
    r"\s+summary: '(?P<summary>.+)'\n\s+section: '(?P<section>.+)'\n"
)
_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? ", re.MULTILINE)
_METRIC = re.compile(r"\b(?:lupu|process)_[a-z_]+")
_BY = re.compile(r"\bby \(([^)]*)\)")
_SHOWN = re.compile(r"\$labels\.(\w+)|\{\{(\w+)\}\}")
# Given by Prometheus to all that it scrapes, and by the sample's targets.
SCRAPED = frozenset({"instance", "job", "component", "le"})


class Alert(NamedTuple):
    """One rule, with the expression as Prometheus reads it."""

    name: str
    expression: str
    severity: str
    summary: str
    section: str


def alerts() -> list[Alert]:
    """Return every rule; each has one form."""
    text = ALERTS.read_text("utf-8")
    found = [Alert(**_read(match)) for match in _ALERT.finditer(text)]
    assert len(found) == text.count("- alert:"), "an alert is written in another form"
    return found


def _read(match: re.Match[str]) -> dict[str, str]:
    expression = match["expr"].strip("'").replace("''", "'")
    given = match.groupdict()
    return {"expression": expression, **{k: v for k, v in given.items() if k != "expr"}}


def expressions() -> Iterator[tuple[str, str]]:
    """Yield what the dashboard asks: the panel's title with its legend, and the expression."""
    board = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']}: {target['legendFormat']}", target["expr"]


def asked(said: str, expression: str) -> tuple[set[str], set[str]]:
    """Return the metrics and the labels that an expression, and what is said of it, name."""
    labels = {label.strip() for by in _BY.findall(expression) for label in by.split(",")}
    labels |= {name for pair in _SHOWN.findall(said) for name in pair if name}
    return set(_METRIC.findall(expression)), labels - SCRAPED


def scraped(port: int) -> Mapping[str, set[str]]:
    """Return the metrics that a component serves, each with the labels of its series."""
    address = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(address, timeout=ANSWER_SECONDS_MAX) as answer:
        text = answer.read().decode()
    found: dict[str, set[str]] = {}
    for match in _SAMPLE.finditer(text):
        labels = re.findall(r"(\w+)=", match["labels"] or "")
        found.setdefault(match["name"], set()).update(labels)
    return found
