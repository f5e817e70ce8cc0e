"""A private HAProxy: HTTPS in front of the gateways, of the staff web, or of both."""

import http.client
import os
import signal
import ssl
from collections.abc import Mapping
from pathlib import Path

from deploy.haproxy.configuration import Entrance, haproxy_cfg
from deploy.local.ports import answers
from deploy.local.process import Process
from deploy.local.programs import program

PACKAGE = "haproxy"


class Haproxy:
    """One private load balancer; everything it writes is under ``folder``.

    ``sections``: of its configuration, each with the entrance that it describes.
    """

    def __init__(self, folder: Path, sections: Mapping[str, Entrance], network: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "haproxy.cfg"
        configuration.write_text(haproxy_cfg(list(sections)), "utf-8")
        self._entrances = list(sections.values())
        self._network = network
        self._process = Process(
            "HAProxy",
            [str(program("haproxy", PACKAGE)), "-W", "-db", "-f", str(configuration)],
            folder / "haproxy.log",
            network=network,
        )

    @property
    def pid(self) -> int:
        """The proxy's process id."""
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(
            lambda: all(answers(one.port, one.address, self._network) for one in self._entrances)
        )

    def said(self) -> str:
        """Return the end of what it said."""
        return self._process.tail()

    def reload(self) -> None:
        """Have it read all its files anew, as its unit does; returns at once.

        Connections stay with the process of before until they end.
        """
        os.kill(self.pid, signal.SIGUSR2)

    def wait_open(self, port: int, authority: Path) -> None:
        """Wait until there is somebody behind an entrance; ``authority`` signs its certificate."""
        context = ssl.create_default_context(cafile=str(authority))
        self._process.wait_ready(lambda: _answered(port, context))

    def stop(self) -> None:
        """End it at once; whoever waits for an answer asks again."""
        self._process.kill()


def _answered(port: int, context: ssl.SSLContext) -> bool:
    connection = http.client.HTTPSConnection("localhost", port, timeout=5, context=context)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status != http.HTTPStatus.SERVICE_UNAVAILABLE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
