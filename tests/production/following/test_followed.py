"""A request is followed through the running system, by a collector that may be there or not."""

import re
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.contract.transports import until
from tests.servers.agency import PlainAgency, Told
from tests.servers.collector import Collector
from tests.servers.promises import Shows
from tests.servers.system import System
from tests.unit.test_trace import PARENT, SPAN, TRACE

NAME, TELEPHONE = "慧怡·欧阳", "021 6847 9753"
WAIT_SECONDS = 30.0
ANSWER_SECONDS_MAX = 2.0
_DROPPED = re.compile(r"^lupu_spans_dropped_total\{.*\} (.+)$", re.MULTILINE)
# What each is caused by; the one that receives, by the agency's own span.
CAUSES = {
    "gateway receive": "",
    "gateway accept": "gateway receive",
    "gateway publish": "gateway receive",
    "gateway reply": "gateway receive",
    "hub cross": "gateway publish",
    "worker handle": "hub cross",
    "worker send": "worker handle",
    "hub cross back": "worker send",
}


@pytest.fixture
def agency(traced: System) -> Iterator[PlainAgency]:
    """Offer an agency that sends a trace of its own, and asks not to be recorded."""
    found = PlainAgency(traced.port, traced.ca_file, traced.agent_number, traced.password)
    found.headers = {"traceparent": PARENT[:-1] + "0", "tracestate": "who=huiyi,rojo=1"}
    yield found
    found.close()


def place(traced: System, agency: PlainAgency, reference: str) -> Told:
    """Place a booking in a name that must be nowhere."""
    day = traced.opening + timedelta(days=10)
    return agency.place(reference, "STANDARD", day, name=NAME, telephone=TELEPHONE)


def of_trace(collector: Collector) -> dict[str, Span]:
    """Return the spans of the agency's trace by name; the way back has a name of its own."""
    found = {}
    for _, span in collector.spans:
        if span.trace_id.hex() == TRACE:
            lane = str(collector.facts(span).get("lupu.lane", ""))
            found[span.name + (" back" if lane.startswith("outward") else "")] = span
    return found


@pytest.mark.promise(6)
def test_every_hop_is_recorded_below_the_one_before(
    traced: System, collector: Collector, agency: PlainAgency, shows: Shows
) -> None:
    """From the agency's own span to the reply: each names what caused it, none is missing."""
    assert place(traced, agency, "TRACED-1").code == "DONE"
    assert TRACE in agency.answered["traceresponse"]
    assert until(lambda: set(of_trace(collector)) >= set(CAUSES), WAIT_SECONDS), of_trace(
        collector
    )
    spans = of_trace(collector)
    for name, cause in CAUSES.items():
        parent = spans[cause].span_id.hex() if cause else SPAN
        assert spans[name].parent_span_id.hex() == parent, name
        assert spans[name].start_time_unix_nano <= spans[name].end_time_unix_nano
    (link,) = spans["gateway reply"].links
    assert link.span_id == spans["hub cross back"].span_id
    owners = {str(owner["service.instance.id"]) for owner, _ in collector.spans}
    assert owners >= {"gateway-1", "hub-1", "ticketing-1"}
    shows(spans_of_a_booking=len(spans), components_that_recorded=len(owners))


def test_no_personal_data_is_in_what_is_recorded(traced: System, collector: Collector) -> None:
    """Neither the passenger's name nor number, nor what the agency added, in spans or in logs."""
    assert collector.spans
    logs = b"".join(file.read_bytes() for file in traced.stack.places.folder.glob("logs/*.log"))
    assert TRACE.encode() in logs
    for known in (NAME, TELEPHONE, "huiyi"):
        assert known.encode() not in collector.bytes
        assert known.encode() not in logs


def test_its_trace_leads_to_its_story(traced: System) -> None:
    """The trace id that the agency was answered finds the request, its way and its outcome."""
    told = traced.stack.lupu("inside", "follow", TRACE)
    assert "PlaceBooking/TRACED-1  DONE" in told
    for step in ("gateway-1", "hub-1", "taken up inside", "reply sent"):
        assert step in told


def dropped(traced: System, name: str) -> float:
    """Return how many spans a component has dropped."""
    port = traced.stack.metrics_ports[name]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(float(one) for one in _DROPPED.findall(text))


@pytest.mark.promise(6)
def test_a_collector_that_hangs_slows_no_booking(
    traced: System, collector: Collector, agency: PlainAgency, shows: Shows
) -> None:
    """While it takes nothing every booking is answered as before; what is lost is counted."""
    collector.answers = "late"
    slowest = 0.0
    for number in range(40):
        began = time.monotonic()
        assert place(traced, agency, f"HANGS-{number}").code == "DONE"
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < ANSWER_SECONDS_MAX
    for name in ("gateway-1", "hub-1", "ticketing-1"):
        assert until(lambda: dropped(traced, name) > 0, WAIT_SECONDS), name  # noqa: B023
    collector.answers = "yes"
    before = len(collector.spans)
    assert place(traced, agency, "HANGS-AFTER").code == "DONE"
    assert until(lambda: len(collector.spans) > before, WAIT_SECONDS)
    shows(bookings_while_the_collector_hung=40, slowest_answer_seconds=round(slowest, 2))
