"""``lupu edge`` prints what HAProxy takes as it is."""

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from certs.authority import Purpose
from deploy.local.programs import program
from tests.servers.brokers import Authorities

SOMEBODY = (
    "--user",
    pwd.getpwuid(os.getuid()).pw_name,
    "--group",
    grp.getgrgid(os.getgid()).gr_name,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer a folder of authorities in which the edge has its certificate."""
    made = tmp_path_factory.mktemp("certificates")
    Authorities.make(made).edge.ensure("edge", Purpose.SERVER)
    return made


def _edge(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lupu", "edge", *arguments, "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("entrance", "names"), [("agents", ("gateway-1", "gateway-2")), ("staff", ("staff-1",))]
)
def test_haproxy_takes_what_is_printed(
    folder: Path, tmp_path: Path, entrance: str, names: tuple[str, ...]
) -> None:
    """Each entrance is one valid file, which names every socket and whom HAProxy becomes."""
    printed = _edge(folder, entrance, *names, *SOMEBODY, "--port", "18443").stdout
    config = tmp_path / "haproxy.cfg"
    config.write_text(printed, "utf-8")
    haproxy = str(program("haproxy", "haproxy"))
    checked = subprocess.run(
        [haproxy, "-c", "-f", str(config)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert f"    user {SOMEBODY[1]}\n    group {SOMEBODY[3]}\n" in printed
    for name in names:
        assert f"server {name} unix@/run/lupu-{name.partition('-')[0]}/{name}.sock" in printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("agents", "staff-1"), "'staff-1' does not listen there"),
        (("staff", "gateway-1"), "'gateway-1' does not listen there"),
        (("agents", "gatway-1"), "'gatway-1' is no component"),
        (("staff", "staff-1", "--certificate", "other"), "has issued no certificate to other"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """Nothing is printed that HAProxy would load by mistake."""
    refused = _edge(folder, *arguments)
    assert (refused.returncode != 0, refused.stdout) == (True, "")
    assert sentence in refused.stderr


def test_a_restart_waits_until_requests_are_taken_again(tmp_path: Path) -> None:
    """Whoever waits for a process that does not serve is told which, and that its log says why."""
    command = [sys.executable, "-m", "lupu", "edge", "wait", str(tmp_path / "g.sock")]
    asked = subprocess.run([*command, "--seconds", "0.3"], capture_output=True, check=False)
    assert asked.returncode == 1
    assert b"Nobody serves at" in asked.stderr
