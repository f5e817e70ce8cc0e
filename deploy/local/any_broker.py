"""What a local installation asks of a broker, be it one node or a cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from deploy.local.broker import Broker


class AnyBroker(Protocol):
    """A broker, be it one node or a cluster of several; what is asked, any of them answers."""

    @property
    def name(self) -> str:
        """Its side."""

    @property
    def folder(self) -> Path:
        """All it has is below."""

    @property
    def port(self) -> int:
        """Where each node takes connections."""

    @property
    def nodes(self) -> Sequence[Broker]:
        """Its nodes, one by one."""

    def start(self) -> None:
        """Start it; returns at once."""

    def wait_ready(self) -> None:
        """Wait until it takes connections and has its definitions."""

    def terminate(self) -> None:
        """Ask it to end; returns at once."""

    def stop(self) -> None:
        """End it in good order."""

    def kill(self) -> None:
        """Kill all of it, as a power cut would; its data stays."""

    def restart(self) -> None:
        """Start again on the same data and port, and wait until it is ready."""

    def ask(self, erlang: str) -> Any:
        """Evaluate an expression and return its value, made JSON there."""

    def control(self, *arguments: str, by: str = "rabbitmqctl") -> str:
        """Run rabbitmqctl, or another, and return what it says."""

    def read_certificates_anew(self) -> None:
        """Take up certificate, key and authority from their files."""

    def queue_messages(self) -> dict[str, int]:
        """Return how many messages each queue holds; one without a leader is left out."""
