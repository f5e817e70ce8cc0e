"""What tests say for the end of a run: it travels in their reports, whichever process ran them."""

from collections.abc import Iterator
from typing import Any

import pytest


def say(test: pytest.Item, name: str, value: object) -> None:
    """Add to a test's report; the value consists of texts, numbers, tuples and dictionaries."""
    test.user_properties.append((name, value))


def said(reporter: pytest.TerminalReporter, name: str) -> Iterator[Any]:
    """Yield what the tests of this run said under a name."""
    for reports in reporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from (value for own, value in report.user_properties if own == name)
