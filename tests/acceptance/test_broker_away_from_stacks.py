"""The outside broker stops or falls silent: what each client stack is told, and how soon.

Whether a request was certainly not taken or perhaps taken decides what an agency does next, so
each must arrive as the fault that the contract declares, with its detail, typed by the stack.
"""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from deploy.haproxy.health import healthy
from deploy.local.stack import NAMES
from tests.clients.job import SOAP_11, SOAP_12, TEXT, Outcome
from tests.clients.matrix import Visit, summary
from tests.clients.stacks import STACKS, Agency, Cell, agency_of
from tests.contract.transports import until
from tests.servers.standstill import standing_still
from tests.servers.system import System, running

# How soon each stack is told is measured.
pytestmark = pytest.mark.alone
NOT_ACCEPTED_SECONDS_MAX = 1.0
# How long the gateway waits for a confirm, and what a stack and a busy machine may add.
CONFIRM_SECONDS = 0.8
ADDED_SECONDS_MAX = 1.0
BACK_SECONDS_MAX = 60.0
RARELY_SECONDS = 3_600.0
CELLS = [
    *(Cell(stack, SOAP_11, TEXT) for stack in STACKS),
    *(Cell(stack, SOAP_12, TEXT) for stack in STACKS if not stack.why_not(SOAP_12, TEXT)),
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Offer a whole system with one gateway, whose outside broker may be taken away."""
    names = tuple(name for name in NAMES if name != "gateway-2")
    # A page that goes out while a stack is starting would wait for its confirm first, and the
    # stack be told that nothing was sent: so none goes out but at the start.
    folder = tmp_path_factory.mktemp("system")
    with running(folder, names=names, book_page_seconds=RARELY_SECONDS) as system:
        yield system


@pytest.fixture
def agency(system: System) -> Agency:
    """Offer the agency as it signs in with a password."""
    return agency_of(system)


def visit(system: System) -> Visit:
    """Return references that nobody else uses."""
    return Visit(uuid.uuid4().hex[:12], system.opening + timedelta(days=10))


def told(outcome: Outcome) -> tuple[str, str, bool, bool]:
    """Return a fault: its declared name, code, whether to repeat, and whether it says when."""
    detail = outcome["detail"]
    retryable = str(detail["Retryable"]).lower() in ("true", "1")
    return outcome["fault"], detail["Code"], retryable, int(detail["RetryAfterSeconds"]) > 0


def wait_until_taken(cell: Cell, agency: Agency, system: System) -> None:
    """Wait until requests are confirmed again."""
    deadline = time.monotonic() + BACK_SECONDS_MAX
    while "answer" not in cell.ask(agency, [("PlaceBooking", visit(system).place())])[0]:
        assert time.monotonic() < deadline


def test_a_stopped_broker_is_not_accepted_within_a_second(system: System, agency: Agency) -> None:
    """Each stack is told that nothing was sent, and later the same request is done."""
    visits = [(cell, visit(system)) for cell in CELLS]
    system.stack.outside.stop()
    try:
        for cell, one in visits:
            (outcome,) = cell.ask(agency, [("PlaceBooking", one.place())])
            assert told(outcome) == ("NotAccepted", "NOT_ACCEPTED", True, True), cell
            assert outcome["seconds"] < NOT_ACCEPTED_SECONDS_MAX, cell
    finally:
        system.stack.outside.restart()
    wait_until_taken(CELLS[0], agency, system)
    for cell, one in visits:
        (outcome,) = cell.ask(agency, [("PlaceBooking", one.place())])
        assert summary(outcome) == (1, "HELD", 2), cell


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_confirm_withheld_is_an_outcome_unknown_in_the_set_time(
    cell: Cell, system: System, agency: Agency
) -> None:
    """Told to repeat with the same reference, the stack does, and has booked once."""
    socket = system.stack.places.socket("gateway-1")
    assert until(partial(healthy, socket))
    wait_until_taken(cell, agency, system)
    one = visit(system)
    (node,) = system.stack.outside.nodes
    with standing_still(node.pid):
        first, second = cell.ask(agency, [("PlaceBooking", one.place())] * 2)
    assert told(first) == ("OutcomeUnknown", "OUTCOME_UNKNOWN", True, True)
    assert CONFIRM_SECONDS <= first["seconds"] < CONFIRM_SECONDS + ADDED_SECONDS_MAX
    assert told(second) == ("OutcomeUnknown", "OUTCOME_UNKNOWN", True, True)
    assert second["seconds"] < NOT_ACCEPTED_SECONDS_MAX
    wait_until_taken(cell, agency, system)
    (again,) = cell.ask(agency, [("PlaceBooking", one.place())])
    assert summary(again) == (1, "HELD", 2)
