"""``lupu firewall`` fills the rules from the configuration, or says what is missing."""

from pathlib import Path

import pytest

from lupu.exits import Exit
from tests.servers.terminal import typed

INSIDE = ("firewall", "inside", "--dmz", "eth1", "--open", "eth0")
DMZ = ("firewall", "dmz", "--internet", "eth0", "--inside", "eth1")


def zone(folder: Path, host: str = "10.0.0.5") -> Path:
    """Write a configuration whose outside broker is at ``host``."""
    file = folder / "zone.toml"
    paths = "".join(f'{name} = "{name}"\n' for name in ("authority", "certificate", "key"))
    file.write_text(f'[outside_broker]\nhost = "{host}"\nport = 5680\n{paths}', "utf-8")
    return file


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("10.0.0.5", "ip saddr @broker tcp sport 5680 ct state established ct direction reply"),
        ("10.0.0.5", "set broker {\n        type ipv4_addr\n        elements = { 10.0.0.5 }"),
        ("10.0.0.5", "set broker_v6 {\n        type ipv6_addr\n        # none"),
        ("fd00::5", "set broker {\n        type ipv4_addr\n        # none"),
        ("fd00::5", "set broker_v6 {\n        type ipv6_addr\n        elements = { fd00::5 }"),
        ("fd00::5", "nd-neighbor-solicit"),
        ("10.0.0.5", 'set dmz {\n        type ifname\n        elements = { "eth1" }'),
    ],
)
def test_the_inside_knows_the_broker_of_its_configuration(
    tmp_path: Path, host: str, line: str
) -> None:
    """Address and port of the outside broker stand in the rules, IPv4 or IPv6."""
    status, rules = typed(zone(tmp_path, host), *INSIDE)
    assert status == Exit.FINE
    assert line in rules


def test_a_broker_without_ipv6_has_no_neighbours(tmp_path: Path) -> None:
    """Where nothing is dialled over IPv6, not even its neighbours' words come in."""
    assert "nd-neighbor" not in typed(zone(tmp_path), *INSIDE)[1]


def test_the_dmz_knows_both_ports(tmp_path: Path) -> None:
    """The port of the configuration is the broker's, the one that is given is the agents'."""
    status, rules = typed(zone(tmp_path), *DMZ, "--agents-port", "443")
    assert status == Exit.FINE
    assert "tcp dport 443 accept" in rules
    assert "tcp dport 5680 accept" in rules


def test_no_word_is_left_to_fill(tmp_path: Path) -> None:
    """Nothing of a template is left in what is printed."""
    for words in (DMZ, INSIDE):
        _, rules = typed(zone(tmp_path), *words)
        assert not [word for word in rules.split() if word.startswith("@") and word.isupper()]


@pytest.mark.parametrize(
    ("words", "host", "sentence"),
    [
        (("firewall", "inside"), "10.0.0.5", "Say behind which interface the DMZ is"),
        (("firewall", "dmz"), "10.0.0.5", "Say behind which interface the internet is"),
        ((*INSIDE, "--open", "eth1"), "10.0.0.5", '"eth1" is named on two sides'),
        ((*INSIDE, "--open", 'x" }'), "10.0.0.5", "is no interface; `ip link` shows"),
        (INSIDE, "no such host", "The outside broker's host no such host cannot be found"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    host: str,
    sentence: str,
) -> None:
    """Nothing is printed that could be loaded by mistake."""
    status, rules = typed(zone(tmp_path, host), *words)
    assert (status, rules) == (Exit.SETTINGS, "")
    assert sentence in capsys.readouterr().err
