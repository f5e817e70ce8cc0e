"""The command line explains itself, and its exit status has a meaning."""

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hub.errors import BrokerAway, LupuError, NotAllowed, SettingsError
from internal_apps.ticketing.references import normal
from lupu.commands import lupu
from lupu.exits import Exit, exit_code, guarded
from lupu.processes import of_component


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lupu", *arguments], capture_output=True, text=True, check=False
    )


def _commands(group: click.Group) -> list[click.Command]:
    found: list[click.Command] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(command)
        if isinstance(command, click.Group):
            found += _commands(command)
    return found


def test_every_command_explains_itself() -> None:
    """Every command has a sentence, and every option but --help a word of help."""
    for command in _commands(lupu):
        assert command.help, command.name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{command.name} {option.name}"


def test_lists_of_commands_are_read_whole_on_eighty_columns() -> None:
    """The first sentence of each is short: no list of commands breaks off in one."""
    for group in [lupu, *(one for one in _commands(lupu) if isinstance(one, click.Group))]:
        names = group.list_commands(click.Context(group))
        room = 80 - 2 - 6 - max(map(len, names))
        for name in names:
            command = group.get_command(click.Context(group), name)
            assert command is not None
            assert not command.get_short_help_str(room).endswith("..."), f"{group.name} {name}"


def _examples(command: click.Command) -> list[list[str]]:
    text = f"{command.help}\n{command.epilog}"
    lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    shown = [line.partition(" > ")[0] for line in lines if line.startswith("lupu ")]
    return [shlex.split(line)[1:] for line in shown]


def test_every_command_shows_examples_that_it_would_take() -> None:
    """Each command and each group has a line to copy, of commands and options that there are."""
    for command in [lupu, *_commands(lupu)]:
        examples = _examples(command)
        assert examples, command.name
        for words in examples:
            found: click.Command = lupu
            while isinstance(found, click.Group):
                child = found.get_command(click.Context(found), words.pop(0))
                assert child is not None, (command.name, words)
                found = child
            assert command in (lupu, found) or isinstance(command, click.Group)
            found.make_parser(click.Context(found)).parse_args(words)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x"), Exit.SETTINGS),
        (BrokerAway("x"), Exit.AWAY),
        (NotAllowed("x"), Exit.REFUSED),
        (LupuError("x"), Exit.FAILED),
    ],
)
def test_error_class_decides_exit_status(
    error: LupuError, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each class of error has its exit status and is printed as one sentence."""

    def fail() -> None:
        raise error

    assert exit_code(error) is code
    assert guarded(fail) == code
    assert capsys.readouterr().err == "lupu: x\n"


def test_a_mistake_of_ours_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """An error nobody foresaw ends with status 70, its trace and a sentence."""

    def fail() -> None:
        raise ZeroDivisionError

    assert guarded(fail) == Exit.BUG
    printed = capsys.readouterr().err
    assert "ZeroDivisionError" in printed
    assert printed.splitlines()[-1].startswith("lupu: a mistake in Lupu itself")


def test_what_was_broken_off_is_not_called_done() -> None:
    """A command that is ended at the keyboard has looked at nothing to its end."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupted) == Exit.BROKEN_OFF


def test_missing_configuration_is_one_sentence(tmp_path: Path) -> None:
    """A process without a readable configuration ends with status 3 and names the file."""
    done = _run("hub", "run", "--config", str(tmp_path / "none.toml"))
    assert done.returncode == Exit.SETTINGS
    assert done.stderr.count("\n") == 1
    assert "none.toml cannot be read" in done.stderr


def test_unknown_command_is_a_usage_error() -> None:
    """A misspelt command ends with status 2 and points to --help."""
    done = _run("certficates")
    assert done.returncode == Exit.USAGE
    assert "--help" in done.stderr


def test_help_says_what_each_exit_status_means() -> None:
    """The help of the whole program lists the exit statuses."""
    done = _run("--help")
    assert done.returncode == Exit.FINE
    for code in Exit:
        assert str(code.value) in done.stdout


def test_the_booking_that_the_help_shows_could_be_one() -> None:
    """A reference in an example has our characters and the right check."""
    done = _run("follow", "--help")
    shown = done.stdout.rpartition("lupu follow ")[2].split()[0]
    assert normal(shown) == shown


def test_component_name_decides_the_process() -> None:
    """A component called gateway-1 is a gateway; a name that says nothing is refused."""
    assert of_component("gateway-1").command == "gateway"
    with pytest.raises(SettingsError, match="gateway-1"):
        of_component("cashier")


def test_certificates_from_nothing(tmp_path: Path) -> None:
    """Make, issue and list work from an empty folder."""
    folder = ("--folder", str(tmp_path / "certificates"))
    assert _run("certificates", "make", *folder).returncode == Exit.FINE
    assert _run("certificates", "issue", "outside", "gateway-1", *folder).returncode == Exit.FINE
    listed = _run("certificates", "list", *folder)
    assert "gateway-1" in listed.stdout
    refused = _run("certificates", "issue", "nowhere", "gateway-1", *folder)
    assert refused.returncode == Exit.FAILED
    assert "lupu certificates make nowhere" in refused.stderr
