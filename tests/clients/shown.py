"""Pytest plugin: the matrix of client stacks, printed at the end of a run that filled it."""

import pytest

from tests.clients.matrix import table
from tests.servers import reported

CELL = "cell"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of each cell that was tried."""
    results = dict(reported.said(terminalreporter, CELL))
    if results:
        terminalreporter.section("client stacks")
        terminalreporter.write_line(table(results))
