"""The two brokers that everything is measured on: private nodes, mutual TLS, real definitions."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.brokers.configuration import PLUGINS
from tests.servers.brokers import OBSERVER, Authorities, Brokers

SHOVEL_PLUGIN = "rabbitmq_shovel"


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
