"""All commands, assembled; each group is imported when it is used.

So a gateway's machine needs no database library, and a mistake in one group leaves the others.
"""

import sys

import click

from lupu import options, processes
from lupu.exits import EPILOG, guarded
from lupu.processes import PROCESSES, Process

# Groups by name: a sentence, and the module of this package whose GROUP has the commands.
GROUPS = {
    "agents": ("Add, rotate and block the agencies that may book.", "agents"),
    "brokers": ("What RabbitMQ loads at boot, from the map of messages.", "brokers"),
    "certificates": ("Authorities, certificates, key stores, days left.", "certificates"),
    "check": ("Look at everything a component depends on.", "check"),
    "edge": ("What HAProxy loads in front of gateways and staff web.", "edge"),
    "firewall": ("The rules that let only the inside dial.", "firewall"),
    "database": ("Schema versions of the inside database.", "database"),
    "replay": ("Bring a restored database level by its workers' journals.", "replay"),
    "sealing": ("Keys that messages are sealed and signed with.", "sealing"),
    "follow": ("The whole story of a message, by whatever name one has of it.", "follow"),
    "requests": ("What became of requests; references that were used twice.", "requests"),
    "traffic": ("Pause, drain and resume a route, an agency or a gateway.", "traffic"),
    "parked": ("Messages that failed by themselves and wait for a person.", "parked"),
    "quarantine": ("Messages that a guard refused, on the broker where they lie.", "quarantine"),
}
# Chores of a process stand beside its "run".
CHORES = {"gateway": "gateway", "ticketing": "ticketing", "evidence": "evidence", "staff": "staff"}


class Lazy(click.Group):
    """A group that knows its commands' sentences without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command's name, in the alphabet's order."""
        return sorted({*super().list_commands(ctx), *GROUPS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, imported now if need be."""
        if name in GROUPS:
            return _imported(GROUPS[name][1])
        if name in CHORES:
            group = super().get_command(ctx, name)
            chores = _imported(CHORES[name])
            if isinstance(group, click.Group) and isinstance(chores, click.Group):
                return click.Group(
                    name, help=chores.help, commands={**chores.commands, **group.commands}
                )
        return super().get_command(ctx, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its sentence."""
        sentences = {name: sentence for name, (sentence, _) in GROUPS.items()}
        sentences |= {process.command: process.sentence for process in PROCESSES}
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentences[name]) for name in self.list_commands(ctx)])


@click.group(cls=Lazy, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
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

    run.__doc__ = "Run it until SIGTERM."
    name = f"{process.command}-1"
    shown = options.example(f"lupu {process.command} run --config lupu.toml --name {name}")
    group = click.Group(process.command, help=process.sentence, epilog=shown)
    group.add_command(click.command("run", epilog=shown)(options.configured(name)(run)))
    return group


for _process in PROCESSES:
    lupu.add_command(_process_group(_process))


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with a status that has a meaning."""
    sys.exit(guarded(lambda: _invoke(arguments)))


def _imported(module: str) -> click.Command:
    command: click.Command = processes.module(f"lupu.{module}").GROUP
    return command


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
