"""The two brokers that everything is measured on: private nodes, mutual TLS, real definitions."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.brokers.configuration import PLUGINS
from deploy.local.broker import Broker
from tests.servers.brokers import OBSERVER, Authorities, Brokers

SHOVEL_PLUGIN = "rabbitmq_shovel"
_NEW_LOG = "ra_log_wal:force_roll_over({ra_log_wal, node()})."


@contextmanager
def brokers() -> Iterator[Brokers]:
    """Offer both brokers, the shovel's plugin enabled inside; their data goes afterwards.

    The shovel republishes what others published, so its account may speak for them.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        running = Brokers(folder / "brokers", Authorities.make(folder / "certificates"))
        plugins = ",".join([*PLUGINS, SHOVEL_PLUGIN])
        (running.inside_broker.folder / "enabled_plugins").write_text(f"[{plugins}].\n", "utf-8")
        try:
            running.start()
            running.inside_broker.control("set_user_tags", OBSERVER, "impersonator")
            yield running
        finally:
            running.stop()


def new_log(broker: Broker) -> None:
    """Let a broker begin a new log: one that is full is written out, and not in a timed run."""
    broker.control("eval", _NEW_LOG)
