"""Agencies' client stacks against the whole running system: each cell of the matrix."""

import time
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from certs.authority import Authority, KeyKind, Purpose
from tests.clients import shown
from tests.clients.job import CERTIFICATE, DIGEST, SIGNATURE, SOAP_11, SOAP_12, TEXT, Call
from tests.clients.matrix import ANSWERED, OPERATIONS, Step, Visit, summary, table, verdict
from tests.clients.stacks import (
    CELLS,
    NPM,
    PHP,
    STACKS,
    SUDS,
    ZEEP,
    Agency,
    Cell,
    Stack,
    agency_of,
)
from tests.servers import reported
from tests.servers.system import System

KNOWN_WITHIN_SECONDS = 30


@pytest.fixture(scope="module")
def agency(running_system: System) -> Agency:
    """Offer an agency that may sign in in every way."""
    number = running_system.agent_number
    agents = Authority(running_system.stack.places.certificates, "agents")
    signing = agents.ensure(f"{number}-signing", Purpose.CLIENT, kind=KeyKind.RSA)
    known = ("agents", "trust", number, str(signing.certificate), "--purpose", "signature")
    running_system.stack.lupu("inside", *known)
    agency = agency_of(running_system, signing)
    wait_until_known(agency)
    return agency


def wait_until_known(agency: Agency) -> None:
    """Wait until the gateway has heard of the signing certificate."""
    deadline = time.monotonic() + KNOWN_WITHIN_SECONDS
    while "answer" not in Cell(ZEEP, SOAP_11, SIGNATURE).ask(agency, [("ListOffers", {})])[0]:
        assert time.monotonic() < deadline


@pytest.fixture
def visit(running_system: System) -> Visit:
    """Offer references that no other test uses, and a day on which tickets are sold."""
    return Visit(uuid.uuid4().hex[:12], running_system.opening + timedelta(days=10))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_operation_of_every_stack(
    cell: Cell, agency: Agency, visit: Visit, request: pytest.FixtureRequest
) -> None:
    """Each operation answers and refuses, by declared faults, every stack in every way."""
    steps = visit.answered() + visit.refused()
    outcomes = cell.ask(agency, [step.call for step in steps])
    verdicts = [
        (step.operation, verdict(step, cell.soap, outcome))
        for step, outcome in zip(steps, outcomes, strict=True)
    ]
    wrong = [(operation, said) for operation, said in verdicts if said != ANSWERED]
    failed = {operation for operation, _ in wrong}
    came = {one: "WRONG" if one in failed else ANSWERED for one in OPERATIONS}
    reported.say(request.node, shown.CELL, (str(cell), came))
    assert wrong == []


def test_the_same_requests_from_another_stack_get_the_same_answers(
    agency: Agency, visit: Visit
) -> None:
    """Two changes and a cancel of one booking, each sent twice and from another stack."""
    zeep, suds = Cell(ZEEP, SOAP_12, TEXT), Cell(SUDS, SOAP_11, CERTIFICATE)
    npm, php = Cell(NPM, SOAP_11, DIGEST), Cell(PHP, SOAP_12, DIGEST)
    place: Call = ("PlaceBooking", visit.place())
    first: Call = ("ChangeBooking", visit.versioned("first", 1, Lines=visit.lines(3)))
    second: Call = ("ChangeBooking", visit.versioned("second", 2, Lines=visit.lines(5)))
    cancel: Call = ("CancelBooking", visit.versioned("cancel", 3))
    (placed,) = zeep.ask(agency, [place])
    assert summary(placed) == (1, "HELD", 2)
    said = [summary(outcome) for outcome in suds.ask(agency, [first, first])]
    said += [summary(outcome) for outcome in npm.ask(agency, [first, second, second])]
    said += [summary(outcome) for outcome in php.ask(agency, [second, cancel, cancel])]
    said += [summary(outcome) for outcome in zeep.ask(agency, [cancel, first, second, place])]
    changed, again, gone = (2, "HELD", 3), (3, "HELD", 5), (4, "CANCELLED", 5)
    assert said[:5] == [changed, changed, changed, again, again]
    assert said[5:] == [again, gone, gone, gone, changed, again, (1, "HELD", 2)]


def test_a_reference_with_other_values_is_refused_by_every_stack(
    agency: Agency, visit: Visit
) -> None:
    """The same reference for another booking is REFERENCE_REUSED, whoever sends it how."""
    Cell(ZEEP, SOAP_11, TEXT).ask(agency, [("PlaceBooking", visit.place())])
    other = {**visit.place(), "Lines": visit.lines(7)}
    step = Step("PlaceBooking", other, fault="Refused", code="REFERENCE_REUSED")
    for stack in STACKS:
        (outcome,) = Cell(stack, SOAP_11, TEXT).ask(agency, [step.call])
        assert verdict(step, SOAP_11, outcome) == ANSWERED, stack.name


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
@pytest.mark.parametrize("sign_in", [TEXT, DIGEST])
def test_a_wrong_password_is_a_declared_fault(
    stack: Stack, sign_in: str, agency: Agency, visit: Visit
) -> None:
    """Whoever gives a wrong password reads SIGN_IN_FAILED as a fault his stack knows."""
    step = Step("PlaceBooking", visit.place(), fault="InvalidRequest", code="SIGN_IN_FAILED")
    cell = Cell(stack, SOAP_11, sign_in)
    (outcome,) = cell.ask(replace(agency, password=visit.name), [step.call])
    assert verdict(step, SOAP_11, outcome) == ANSWERED


def test_empty_cells_are_explained() -> None:
    """A cell that is not run says why in the table, and only those."""
    results = {str(cell): dict.fromkeys(OPERATIONS, ANSWERED) for cell in CELLS}
    shown = table(results)
    assert "not run" not in shown
    assert shown.count("empty: ") == len(STACKS) * 8 - len(CELLS)
