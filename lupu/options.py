"""Options that many commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.settings import CONFIG_VARIABLE, Configuration, config_path

Command = TypeVar("Command", bound=Callable[..., Any])


def example(line: str) -> str:
    """Return what stands below a command's help: a line to copy."""
    return f"\b\nExample:\n  {line}"


def configured(name: str) -> Callable[[Command], Command]:
    """Add ``--config`` and ``--name``, whose default is ``name``."""

    def add(command: Command) -> Command:
        config = click.option(
            "--config",
            "-c",
            metavar="FILE",
            help=f"The zone's configuration, TOML.  [environment: {CONFIG_VARIABLE}]",
        )
        component = click.option(
            "--name",
            "-n",
            metavar="COMPONENT",
            default=name,
            show_default=True,
            help="Which component this is; its certificates and broker account carry the name.",
        )
        return config(component(command))

    return add


def configuration(config: str | None, name: str) -> Configuration:
    """Read the configuration that the two options name."""
    return Configuration(config_path(config), name)


AUTHORITIES = "Where the authorities are, a folder for each."


def folder(default: str, sentence: str = AUTHORITIES) -> Callable[[Command], Command]:
    """Add ``--folder``: where the certificate authorities are, or what ``sentence`` says."""
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=default,
        show_default=True,
        help=sentence,
    )
