"""Pytest plugin: the product's promises, each with the figures that its tests have just seen.

A test marked ``promise(N)`` says its figures through the fixture ``shows``; at the end of the
run they stand together, promise by promise. ``make promises`` runs these tests alone.
"""

from collections import defaultdict
from collections.abc import Callable

import pytest

from tests.servers import reported

PROMISES = {
    1: "Accepted means exactly one outcome",
    2: "Nothing unchecked gets in",
    3: "Only the inside dials",
    4: "It can be proved",
    5: "Nothing disappears",
    6: "It says what it does",
}
MARK = "promise"

Shows = Callable[..., None]


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark."""
    config.addinivalue_line("markers", f"{MARK}(number): keeps this promise, and shows figures")


@pytest.fixture
def shows(request: pytest.FixtureRequest) -> Shows:
    """Offer what takes figures by name, once they are seen to be right."""
    mark = request.node.get_closest_marker(MARK)
    assert mark is not None, "a test that shows figures says of which promise"
    (number,) = mark.args

    def take(**figures: object) -> None:
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        reported.say(request.node, MARK, (number, said))

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of every promise that was tried."""
    shown: dict[int, list[str]] = defaultdict(list)
    for number, figures in reported.said(terminalreporter, MARK):
        shown[number].append(figures)
    if not shown:
        return
    terminalreporter.section("promises")
    for number in sorted(shown):
        terminalreporter.write_line(f"{number}. {PROMISES[number]}")
        for line in shown[number]:
            terminalreporter.write_line(f"   {line}")
