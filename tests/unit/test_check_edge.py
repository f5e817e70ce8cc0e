"""What ``lupu check`` says of the certificates in front of a gateway or the staff's web."""

from pathlib import Path

import pytest

from certs.authority import Purpose
from hub.checks import Check
from hub.settings import Configuration
from lupu import check
from lupu.check import edge_checks
from tests.servers.brokers import Authorities


def looked_at(folder: Path, *, has_agents: bool, **entries: Path) -> list[Check]:
    """Return the checks of a configuration with these entries in [edge]."""
    lines = [f'{name} = "{path}"' for name, path in entries.items()]
    file = folder / "zone.toml"
    file.write_text("\n".join(["[edge]", *lines] if lines else []), "utf-8")
    return list(edge_checks(Configuration(file, "gateway-1"), has_agents=has_agents))


def test_both_certificates_of_the_edge_are_looked_at(
    authorities: Authorities, tmp_path: Path
) -> None:
    """HAProxy's own and the agents' authority, each with the days it has left."""
    own = authorities.edge.ensure("edge", Purpose.SERVER).certificate
    agents = authorities.agents.certificate
    found = looked_at(tmp_path, has_agents=True, certificate=own, agents_authority=agents)
    assert [entry.name for entry in found] == ["edge: certificate", "edge: agents' authority"]
    assert all(entry.fine and "days left" in entry.sentence for entry in found)
    assert len(looked_at(tmp_path, has_agents=False, certificate=own)) == 1


def test_certificates_that_end_soon_or_are_missing_are_not_fine(
    authorities: Authorities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both name their file; a gateway without the section is told what to name."""
    own = authorities.edge.ensure("edge", Purpose.SERVER).certificate
    monkeypatch.setattr(check, "RENEW_DAYS", 100_000)
    missing = tmp_path / "none.crt"
    found = looked_at(tmp_path, has_agents=True, certificate=own, agents_authority=missing)
    assert [entry.fine for entry in found] == [False, False]
    assert str(own) in found[0].sentence
    assert "issue a new one" in found[0].sentence
    assert str(missing) in found[1].sentence
    (none,) = looked_at(tmp_path, has_agents=True)
    assert "[edge]" in none.sentence
    assert looked_at(tmp_path, has_agents=False) == []
