"""What a running component has counted, as Prometheus would be told."""

import re
import urllib.request

from tests.servers.system import System


def counted(system: System, process: str, metric: str, labelled: str = ".*") -> float:
    """Return the sum of a metric of one process over all labels that match a pattern."""
    port = system.stack.metrics_ports[process]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(map(float, re.findall(rf"^{metric}(?:{{{labelled}}})? (\S+)$", text, re.MULTILINE)))
