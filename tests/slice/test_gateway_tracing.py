"""An agent's trace goes through the gateway and comes back, and commands nothing."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.logs import JsonLines
from hub.settings import Tracing
from hub.trace import OURS, SERVER, Context, Span
from tests.slice.gateway_answers import document
from tests.slice.gateway_requests import envelope, get_booking, place_booking
from tests.slice.gateway_world import gateway, sold_out
from tests.unit.test_trace import EVIL, PARENT, SPAN, STATE, TRACE

HEADERS = {"HTTP_TRACEPARENT": PARENT, "HTTP_TRACESTATE": STATE}
ALL = Tracing("http://collector", ratio=1.0)


class Told:
    """A tracer that remembers."""

    def __init__(self) -> None:
        self.spans: dict[str, Span] = {}

    def told(self, span: Span) -> None:
        """Remember a span by its name."""
        self.spans[span.name] = span


def test_a_request_takes_its_trace_along_and_is_told_it(tmp_path: Path) -> None:
    """The message has the agent's trace and state, the answer names the trace."""
    with gateway(tmp_path) as world:
        placed = world.post(envelope(place_booking()), **HEADERS)
        read = world.post(envelope(get_booking()), **HEADERS)
        for answer, message in zip((placed, read), world.seen, strict=True):
            assert message.trace_state == STATE.replace(", ", ",")
            assert Context.of(message.trace).trace_id == TRACE
            assert answer.headers["traceresponse"] == message.trace


def test_without_a_trace_the_gateway_begins_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every request has a trace, each another; a refusal is told its own, and the log knows it."""
    caplog.set_level(logging.INFO)
    with gateway(tmp_path) as world:
        answers = [world.post(envelope(place_booking(f"A-{number}"))) for number in range(3)]
        answers.append(world.post("<no-xml"))
    told = [answer.headers["traceresponse"] for answer in answers]
    assert all(OURS.fullmatch(one) for one in told)
    traces = [Context.of(one).trace_id for one in told]
    assert len(set(traces)) == 4
    logged = [vars(record).get("trace") for record in caplog.records]
    assert [trace for trace in logged if trace] == traces


@pytest.mark.parametrize("name", HEADERS)
def test_a_strangers_trace_injects_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """What breaks the grammar is in no message, no answer and no line of the log."""
    caplog.set_level(logging.INFO)
    with gateway(tmp_path) as world:
        answer = world.post(envelope(place_booking()), **{**HEADERS, name: EVIL})
        (message,) = world.seen
    lines = [JsonLines().format(record) for record in caplog.records]
    for text in (str(answer.headers), str(message), *lines):
        assert "script" not in text
    assert document(answer)["Status"] == "DONE"
    assert all(json.loads(line) for line in lines)


def test_a_gateway_beside_older_hubs_keeps_the_trace_to_itself(tmp_path: Path) -> None:
    """Where it is set so no message has a header that older hubs cannot open."""
    with gateway(tmp_path, tracing=Tracing(carried=False)) as world:
        answer = world.post(envelope(place_booking()), **HEADERS)
        (message,) = world.seen
    assert (message.trace, message.trace_state) == ("", "")
    assert Context.of(answer.headers["traceresponse"]).trace_id == TRACE


def test_what_is_recorded_is_told_in_spans_below_each_other(tmp_path: Path) -> None:
    """Received below what the agent named; accepted, published and replied below that."""
    told = Told()
    with gateway(tmp_path, tracing=ALL, tracer=told) as world:
        answer = world.post(envelope(place_booking()), **HEADERS)
        (message,) = world.seen
    spans = told.spans
    received = spans["gateway receive"]
    assert (received.kind, received.parent[36:52]) == (SERVER, SPAN)
    assert answer.headers["traceresponse"] == received.context.parent
    assert spans["gateway publish"].context.parent == message.trace
    assert spans["gateway reply"].links == (message.trace,)
    for name in ("gateway accept", "gateway publish", "gateway reply"):
        assert spans[name].parent == received.context.parent
    began = [one.began_at for one in sorted(spans.values(), key=lambda one: one.ended_at)]
    assert min(began) == received.began_at
    assert max(one.ended_at for one in spans.values()) == received.ended_at
    assert received.facts["lupu.request"] == "agent:1001/PlaceBooking/A-1"
    assert "慧怡" not in str(spans)


def test_what_is_refused_is_told_too(tmp_path: Path) -> None:
    """What never left has no span of publishing; a refusal of the inside has its code."""
    for post, names, code in (
        ("<no-xml", {"gateway receive", "gateway accept"}, "MALFORMED_XML"),
        (
            envelope(place_booking()),
            {"gateway receive", "gateway accept", "gateway publish", "gateway reply"},
            "SOLD_OUT",
        ),
    ):
        told = Told()
        with gateway(tmp_path, tracing=ALL, tracer=told) as world:
            world.inside = sold_out
            world.post(post)
        assert set(told.spans) == names
        assert told.spans["gateway receive"].facts["lupu.code"] == code


def test_nothing_is_told_where_the_dice_say_so(tmp_path: Path) -> None:
    """An agent that asks to be recorded is not, at a ratio of nought."""
    told = Told()
    with gateway(tmp_path, tracing=replace(ALL, ratio=0.0), tracer=told) as world:
        answer = world.post(envelope(place_booking()), **HEADERS)
    assert not told.spans
    assert answer.headers["traceresponse"].endswith("-00")
