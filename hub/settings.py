"""Settings: frozen, grouped, read once, checked before anything starts.

The only reader of the environment and of the configuration file. One TOML file a zone; a
section is a group below; ``{name}`` in a path stands for the component's own name, and entries
of ``[section.gateway-2]`` go before those of ``[section]`` for that component alone. The file
is named by ``--config`` or LUPU_CONFIG. A secret is the path of a file that only its owner
may read, never a value in the TOML.
"""

import dataclasses
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

from hub.errors import SettingsError
from hub.messages import applications
from hub.private import check_private_if_there

Group = TypeVar("Group")

CONFIG_VARIABLE = "LUPU_CONFIG"
# All there are, of every zone: a section that is none of them is a misspelling.
SECTIONS = (
    *(
        "outside_broker",
        "inside_broker",
        "database",
        "log",
        "metrics",
        "tracing",
        "edge",
        "sealing",
    ),
    *("gateway", "hub", "worker", "staff", "parking", *applications()),
)
SECRET_FILE_MODE_MAX = 0o640


class Secret:
    """A value that prints as stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap ``value``."""
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        """Stars, however long the value is."""
        return "'***'"


@dataclass(frozen=True, slots=True)
class Broker:
    """How to dial one broker: address, virtual host, and this component's certificate.

    ``other_hosts`` are the further nodes of a cluster: all are dialled in turn, beginning with
    any, until one answers. Each one's certificate must have the address that is dialled, or
    ``name`` where that is given. ``confirm_seconds`` bounds every wait for a
    confirm; ``window_max`` the publishes under way at once. Where a confirm is missing for
    ``unconfirmed_seconds_max``, or a consumer is not served, the connection is given up for
    another. ``crl`` says who is revoked, if it is named. The files are looked at every
    ``reload_seconds``, so that they can be replaced without a restart.
    """

    section: ClassVar[str] = ""
    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path
    other_hosts: tuple[str, ...] = ()
    name: str = ""
    virtual_host: str = "lupu"
    heartbeat_seconds: int = 20
    connect_seconds: float = 5.0
    window_max: int = 2_000
    confirm_seconds: float = 1.0
    unconfirmed_seconds_max: float = 30.0
    crl: Path = Path()
    reload_seconds: float = 5.0

    def check(self) -> None:
        """SettingsError where others may use the key, or the seconds make no sense."""
        check_private_if_there(f"[{self.section}] key", self.key)
        if self.unconfirmed_seconds_max <= self.confirm_seconds:
            raise SettingsError(
                f"[{self.section}] unconfirmed_seconds_max must be above confirm_seconds."
            )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every node that may be dialled."""
        return (self.host, *self.other_hosts)

    def certified(self, host: str) -> str:
        """Return the name that the certificate of a node must have."""
        return self.name or host


@dataclass(frozen=True, slots=True)
class OutsideBroker(Broker):
    """The broker in the DMZ."""

    section: ClassVar[str] = "outside_broker"


@dataclass(frozen=True, slots=True)
class InsideBroker(Broker):
    """The broker inside."""

    section: ClassVar[str] = "inside_broker"


@dataclass(frozen=True, slots=True)
class Log:
    """What is logged: ``level`` is DEBUG, INFO, WARNING or ERROR."""

    section: ClassVar[str] = "log"
    level: str = "INFO"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where Prometheus asks: ``port`` 0 switches it off."""

    section: ClassVar[str] = "metrics"
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class Tracing:
    """Following messages by the W3C's trace context.

    ``endpoint``: where spans are sent by OTLP over HTTP, to who shows a certificate of
    ``authority`` where it is HTTPS; without one none are made. ``ratio`` of
    the requests that come in at this component are recorded, there and at every hop behind it.
    ``carried``: requests take their trace along; false at gateways whose hubs are older than it.
    At most ``queue_max`` spans wait to be sent, what comes beyond them is dropped and counted;
    they are sent every ``send_seconds``, and one sending takes at most ``timeout_seconds``.
    """

    section: ClassVar[str] = "tracing"
    endpoint: str = ""
    authority: Path = Path()
    ratio: float = 0.01
    carried: bool = True
    queue_max: int = 4_096
    send_seconds: float = 2.0
    timeout_seconds: float = 5.0

    def check(self) -> None:
        """SettingsError where nothing could be sent, or more than all recorded."""
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise SettingsError(
                "[tracing] endpoint must be an address, http://collector:4318/v1/traces, say."
            )
        if not 0 <= self.ratio <= 1:
            raise SettingsError(
                "[tracing] ratio must be between 0 and 1: 0.01 is one in a hundred."
            )
        if self.queue_max < 1 or self.send_seconds <= 0 or self.timeout_seconds <= 0:
            raise SettingsError(
                "[tracing] needs queue_max of 1 or more, send_seconds and timeout_seconds above 0."
            )

    @property
    def recorded(self) -> float:
        """Which part of what comes in is recorded: none where it could not be sent."""
        return self.ratio if self.endpoint else 0.0


def environment() -> dict[str, str]:
    """Return a copy of the environment, to hand on to a child process."""
    return dict(os.environ)


def config_path(given: str | None) -> Path:
    """Return the configuration file's path; SettingsError where none is named."""
    name = given or os.environ.get(CONFIG_VARIABLE)
    if not name:
        raise SettingsError(
            f"No configuration is named: give --config FILE or set {CONFIG_VARIABLE}."
        )
    return Path(name)


class Configuration:
    """One zone's configuration file, read once; hands out its groups to one component."""

    def __init__(self, path: Path, name: str) -> None:
        """Read ``path`` for the component ``name``; SettingsError where it makes no sense."""
        self.path = path
        self.name = name
        try:
            self._sections = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path} is not TOML: {error}.") from error
        for section in self._sections:
            if section not in SECTIONS:
                known = ", ".join(SECTIONS)
                raise SettingsError(f"{path}: there is no section [{section}]; there is {known}.")

    def has(self, group: type[Any]) -> bool:
        """Return whether the file has the group's section."""
        return group.section in self._sections

    def read(self, group: type[Group]) -> Group:
        """Return a group; SettingsError names the section, the entry and what is wrong.

        Entries missing from the file take the group's default. An entry that the group does
        not know is an error: it is a misspelling, or meant for another version.
        """
        section = getattr(group, "section")  # noqa: B009
        given = self._given(section)
        known = {entry.name: entry for entry in dataclasses.fields(group)}  # type: ignore[arg-type]
        for name in given:
            if name not in known:
                raise SettingsError(f"{self.path}: [{section}] has no entry '{name}'.")
        hints = get_type_hints(group)
        values = {
            name: self._value(section, entry, hints[name], given) for name, entry in known.items()
        }
        settings = group(**values)
        check = getattr(settings, "check", None)
        if check is not None:
            check()
        return settings

    def _given(self, section: str) -> dict[str, Any]:
        given = self._sections.get(section, {})
        own = given.get(self.name, {}) if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(own, dict):
            raise SettingsError(f"{self.path}: {section} must be a section, [{section}].")
        shared = {name: entry for name, entry in given.items() if not isinstance(entry, dict)}
        return shared | own

    def _value(
        self, section: str, entry: dataclasses.Field[Any], kind: object, given: dict[str, Any]
    ) -> object:
        where = f"{self.path}: [{section}] {entry.name}"
        if entry.name in given:
            return self._convert(where, kind, given[entry.name])
        if entry.default is not dataclasses.MISSING:
            return entry.default
        raise SettingsError(f"{where} is missing.")

    def _convert(self, where: str, kind: object, value: object) -> object:
        if kind is Path and isinstance(value, str):
            return self._path(value)
        if kind is Secret and isinstance(value, str):
            return read_secret(where, self._path(value))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if kind == tuple[str, ...] and isinstance(value, list):
            return tuple(str(item) for item in value)
        if isinstance(kind, type) and type(value) is kind:
            return value
        wanted = getattr(kind, "__name__", str(kind))
        raise SettingsError(f"{where} must be of type {wanted}.")

    def _path(self, value: str) -> Path:
        return (self.path.parent / value.format(name=self.name)).resolve()


def read_secret(where: str, path: Path) -> Secret:
    """Read a secret from a file; SettingsError where others may read it too, or it is empty."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{where}: {path} cannot be read: {error.strerror}.") from error
    if mode & ~SECRET_FILE_MODE_MAX:
        raise SettingsError(f"{where}: {path} can be read by others; chmod 600 it.")
    if not text:
        raise SettingsError(f"{where}: {path} is empty.")
    return Secret(text)
