"""A private HAProxy: HTTPS on loopback in front of the gateways and the staff web."""

import http.client
import ssl
from pathlib import Path

from deploy.haproxy.configuration import Entrance, agents_section, haproxy_cfg, staff_section
from deploy.local.ports import answers
from deploy.local.process import Process
from deploy.local.programs import program

PACKAGE = "haproxy"


class Haproxy:
    """One private load balancer; everything it writes is under ``folder``."""

    def __init__(
        self,
        folder: Path,
        agents: Entrance,
        agents_authority: Path,
        staff: Entrance | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "haproxy.cfg"
        sections = [agents_section(agents, agents_authority)]
        if staff is not None:
            sections.append(staff_section(staff))
        configuration.write_text(haproxy_cfg(sections), "utf-8")
        self._ports = [entrance.port for entrance in (agents, staff) if entrance is not None]
        self._process = Process(
            "HAProxy",
            [str(program("haproxy", PACKAGE)), "-db", "-f", str(configuration)],
            folder / "haproxy.log",
        )

    @property
    def pid(self) -> int:
        """The proxy's process id."""
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(lambda: all(answers(port) for port in self._ports))

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
