"""``lupu evidence`` at a terminal: no mistyped question is answered with "all is well"."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from adapters.clock import SystemClock
from adapters.database import Migrations
from internal_apps.evidence.tables import gateways
from lupu import opened
from lupu.commands import lupu
from lupu.evidence import TooMuch
from tests.unit.ticketing.world import prepared

Lupu = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Lupu]:
    """Offer ``lupu evidence`` on a database in which gateway-1 is known."""
    url = f"sqlite:///{tmp_path / 'inside.sqlite'}"
    database = prepared(url)
    Migrations(database, opened.lines()).upgrade()
    with database.begin() as connection:
        now = SystemClock().now()
        row = {"origin": "gateway-1", "first_heard_at": now, "heard_at": now}
        connection.execute(gateways.insert().values(row))
    toml = tmp_path / "inside.toml"
    toml.write_text(f'[database]\nurl = "{url}"\n', "utf-8")

    def lupu_prints(*words: str) -> str:
        line = ["evidence", *words, "--config", str(toml)]
        done = CliRunner().invoke(lupu, line, catch_exceptions=False, standalone_mode=False)
        return done.output

    yield lupu_prints
    database.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--route", "PlaceBoking"), "'PlaceBoking' is none of: .*PlaceBooking.*ticketing"),
        (("--origin", "gateway-9"), "No page of gateway-9 has ever come"),
        (("--since", "1h", "--until", "2h"), "--since must be before --until"),
        (("--since", "999999d"), "'999999d' is before the first year"),
    ],
)
def test_what_could_find_nothing_is_refused(
    run: Lupu, options: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    """A typing error is a usage error in one sentence, and no signed report of nothing."""
    with pytest.raises(click.UsageError, match=sentence):
        run("verify", *options)
    with pytest.raises(click.UsageError, match=sentence):
        run("export", str(tmp_path / "may.report"), *options)
    assert not (tmp_path / "may.report").exists()


def test_a_report_that_would_not_fit_is_refused(
    run: Lupu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything of it is read, with what to ask for instead."""
    report = tmp_path / "may.report"
    monkeypatch.setattr("lupu.evidence.EXPORTED_MAX", -1)
    with pytest.raises(TooMuch, match="take a shorter time"):
        run("export", str(report))
    assert not report.exists()


def test_where_nothing_was_sent_it_says_so(run: Lupu) -> None:
    """A gateway that is known and was silent is no proof that nothing was lost."""
    said = run("verify", "--origin", "gateway-1", "--route", "PlaceBooking")
    assert "Nothing was sent in this time" in said
    assert "lost, altered" not in said
