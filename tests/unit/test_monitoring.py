"""The alerts ring for what they are for, and whoever is woken finds what to do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.servers.monitoring import ALERTS, FOLDER, alerts, expressions
from tests.structure.source import ROOT

PROMTOOL_SECONDS_MAX = 60
_ROW = re.compile(r"^\| `(Lupu\w+)`(?P<page> \(page\))? \| .+ \| .+ \|$", re.MULTILINE)


def promtool(*words: str | Path) -> str:
    """Run promtool; return what it says."""
    done = subprocess.run(
        ["promtool", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PROMTOOL_SECONDS_MAX,
        check=False,
        cwd=FOLDER,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_reads_the_alerts_and_the_sample() -> None:
    """Debian's own Prometheus takes both files as they are."""
    assert f"{len(alerts())} rules found" in promtool("check", "rules", ALERTS)
    assert "SUCCESS" in promtool("check", "config", FOLDER / "prometheus.yml")


def test_each_alert_rings_for_what_it_is_for_and_is_quiet_otherwise() -> None:
    """Every rule is tried both ways on series that were written down."""
    tests = FOLDER / "alerts_test.yml"
    assert "SUCCESS" in promtool("test", "rules", tests)
    text = tests.read_text("utf-8")
    for alert in alerts():
        for way in ("rings", "is quiet"):
            assert f"name: {alert.name} {way}\n" in text


def test_what_the_dashboard_asks_can_be_asked(tmp_path: Path) -> None:
    """Each expression of the dashboard is one, and each panel has a place of its own."""
    rules: list[dict[str, Any]] = [
        {"record": f"panel:{number}", "expr": expression}
        for number, (_, expression) in enumerate(expressions())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    promtool("check", "rules", file)
    board = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in board["panels"]]
    assert len(set(places)) == len(places)
    assert len({one["id"] for one in board["panels"]}) == len(places)


def test_whoever_is_woken_reads_what_to_do() -> None:
    """Each alert has its row in OPERATING.md, says so itself, and no row is of none."""
    text = (ROOT / "OPERATING.md").read_text("utf-8")
    rows = {row[1]: row for row in _ROW.finditer(text.partition("## Alerts")[2])}
    assert set(rows) == {alert.name for alert in alerts()}
    for alert in alerts():
        assert alert.summary
        assert alert.section == f"OPERATING.md, Alerts: {alert.name}"
        assert bool(rows[alert.name]["page"]) == (alert.severity == "page"), alert.name


def test_no_two_alerts_share_a_name() -> None:
    """A name leads to one row."""
    names = [alert.name for alert in alerts()]
    assert len(set(names)) == len(names)
