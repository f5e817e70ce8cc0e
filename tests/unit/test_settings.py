"""Settings are read once, checked, and say what is wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from hub.errors import SettingsError
from hub.settings import Configuration, OutsideBroker, Secret


@dataclass(frozen=True, slots=True)
class Example:
    """One entry of each kind."""

    section: ClassVar[str] = "worker"
    place: Path
    secret: Secret = Secret("")  # noqa: RUF009  a Secret cannot be changed
    port: int = 0
    wait_seconds: float = 1.0
    names: tuple[str, ...] = ()


def _configuration(folder: Path, text: str, name: str = "gateway-1") -> Configuration:
    path = folder / "lupu.toml"
    path.write_text(text, "utf-8")
    return Configuration(path, name)


def test_values_are_converted(tmp_path: Path) -> None:
    """Paths are relative to the file and know the component's name; integers serve as floats."""
    text = '[worker]\nplace = "{name}.sock"\nwait_seconds = 2\nnames = ["a", "b"]\n'
    example = _configuration(tmp_path, text).read(Example)
    assert example.place == tmp_path / "gateway-1.sock"
    assert example.wait_seconds == 2.0
    assert example.names == ("a", "b")


def test_a_component_has_entries_of_its_own(tmp_path: Path) -> None:
    """Entries under a component's name go before the shared ones, for that component alone."""
    text = '[worker]\nplace = "x"\nport = 1\n[worker.gateway-2]\nport = 2\n'
    assert _configuration(tmp_path, text).read(Example).port == 1
    assert _configuration(tmp_path, text, "gateway-2").read(Example).port == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[worker]\n", r"\[worker\] place is missing"),
        ('[worker]\nplace = "x"\nprot = 1\n', "no entry 'prot'"),
        ('[worker]\nplace = "x"\nport = "1"\n', "port must be of type int"),
        ('[worker]\nplace = "x"\nport = true\n', "port must be of type int"),
        ("worker = 1\n", "must be a section"),
        ("[worker\n", "is not TOML"),
        ('[worker]\nplace = "x"\nsecret = "missing"\n', "cannot be read"),
        ('[worker]\nplace = "x"\n[gatway]\n', r"no section \[gatway\]; there is .*gateway"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    """A missing, misspelt or mistyped entry is an error that names section and entry."""
    with pytest.raises(SettingsError, match=words):
        _configuration(tmp_path, text).read(Example)


def test_secrets_are_files_of_their_owner(tmp_path: Path) -> None:
    """A secret is read from a file that others cannot read, and never printed."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", "utf-8")
    secret.chmod(0o600)
    text = '[worker]\nplace = "x"\nsecret = "secret"\n'
    example = _configuration(tmp_path, text).read(Example)
    assert example.secret.reveal() == "s3cret"
    assert "s3cret" not in repr(example)
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        _configuration(tmp_path, text).read(Example)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A configuration file that is not there is an error that names it."""
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        Configuration(tmp_path / "none.toml", "hub-1")


def test_no_link_is_given_up_before_its_broker_counts_as_away(tmp_path: Path) -> None:
    """Otherwise each slow confirm would cost a connection."""
    names = ("authority", "certificate", "key")
    dialled = '[outside_broker]\nhost = "h"\nport = 1\n' + "".join(f'{n} = "x"\n' for n in names)
    assert _configuration(tmp_path, dialled).read(OutsideBroker).unconfirmed_seconds_max == 30
    short = f"{dialled}confirm_seconds = 5\nunconfirmed_seconds_max = 5\n"
    with pytest.raises(SettingsError, match="unconfirmed_seconds_max must be above"):
        _configuration(tmp_path, short).read(OutsideBroker)
