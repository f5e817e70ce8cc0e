"""The processes: ``lupu NAME run`` imports ``PACKAGE.__main__`` and calls its ``run``.

Only here is anything imported by name, so that a machine in one zone needs nothing that only
the other zone has.
"""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from hub.checks import Check
from hub.errors import SettingsError
from hub.settings import Configuration


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the system: its command, its package, and a sentence about it."""

    command: str
    package: str
    sentence: str


OWN = ("hub", "adapters", "dmz_gateway", "internal_apps", "certs", "deploy", "lupu")
PROCESSES = (
    Process("gateway", "dmz_gateway", "The SOAP gateway in the DMZ; listens behind HAProxy."),
    Process("hub", "hub", "The channel between the brokers; listens nowhere."),
    Process("ticketing", "internal_apps.ticketing", "The worker that keeps the bookings."),
    Process("evidence", "internal_apps.evidence", "The worker that keeps the books of all sides."),
    Process("staff", "internal_apps.staff", "The web pages of the staff; listens behind HAProxy."),
)


def run(process: Process, configuration: Configuration) -> None:
    """Run a process until it is told to end."""
    start: Callable[[Configuration], None] = module(f"{process.package}.__main__").run
    start(configuration)


def checks(process: Process, configuration: Configuration) -> Iterable[Check]:
    """Return what the process itself says about the things it depends on."""
    ask = getattr(module(f"{process.package}.__main__"), "checks", None)
    return () if ask is None else ask(configuration)


def of_component(name: str) -> Process:
    """Return the process of a component's name: ``gateway-1`` is a gateway."""
    kind = name.rpartition("-")[0]
    for process in PROCESSES:
        if process.command == kind:
            return process
    commands = ", ".join(f"{process.command}-1" for process in PROCESSES)
    raise SettingsError(f"'{name}' is no component; names read like {commands}.")


def module(name: str) -> ModuleType:
    """Import a module by name; SettingsError where a library that it needs is missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OWN:
            raise
        raise SettingsError(
            f"{error.name} is not installed here; install what {name} needs: make setup"
        ) from error
