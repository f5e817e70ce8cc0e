"""All commands, assembled."""

import sys

import click

from lupu import options, processes
from lupu.certificates import certificates
from lupu.check import check
from lupu.database import database
from lupu.exits import EPILOG, guarded
from lupu.processes import PROCESSES, Process


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lupu", message="lupu %(version)s")
def lupu() -> None:
    """Joins two networks that must not touch.

    \b
    Examples:
      lupu hub run --config /etc/lupu/hub.toml --name hub-1
      lupu check --config /etc/lupu/outside.toml --name gateway-1
      lupu certificates list
    """  # noqa: D301  click's \b keeps the lines as they are


def _process_group(process: Process) -> click.Group:
    def run(config: str | None, name: str) -> None:
        processes.run(process, options.configuration(config, name))

    run.__doc__ = f"""Run it until SIGTERM.

    \b
    Example:
      lupu {process.command} run --config lupu.toml --name {process.command}-1
    """
    group = click.Group(process.command, help=process.sentence)
    group.add_command(click.command("run")(options.configured(f"{process.command}-1")(run)))
    return group


for _process in PROCESSES:
    lupu.add_command(_process_group(_process))
lupu.add_command(certificates)
lupu.add_command(database)
lupu.add_command(check)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with a status that has a meaning."""
    sys.exit(guarded(lambda: _invoke(arguments)))


def _invoke(arguments: list[str] | None) -> None:
    try:
        lupu.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as ending:
        raise SystemExit(ending.exit_code) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
