"""A trace context of a stranger is taken as far as its grammar goes, and decides nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.envelope import TRACE_HEADERS, from_wire, onward, to_wire
from hub.errors import MalformedEnvelope
from hub.handling import reply
from hub.ports import Answer
from hub.sealing import bound
from hub.settings import Tracing
from hub.trace import OURS, TRACEPARENT, TRACESTATE, Context, Edge, is_sampled, read_state
from tests.unit.hub_world import NOON, booking

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
STATE = "rojo=00f067aa0ba902b7,congo@vendor=t61rcWkgMzE, a-b_c*/d=x y"
EVIL = '"><script>alert(1)</script>'


def test_a_trace_is_taken_up_with_a_span_of_our_own() -> None:
    """What an agent traces goes on under its trace id, below the span that it names."""
    context, follows = Edge().context(PARENT, STATE)
    assert (context.trace_id, context.state) == (TRACE, STATE.replace(", ", ","))
    assert context.span_id != SPAN
    assert follows[:-2] == PARENT[:-2]


@pytest.mark.parametrize(
    "parent",
    [
        *("", "00", EVIL, f"{PARENT}\r\nX-Evil: 1", f"{PARENT} ", f" {PARENT}", PARENT.upper()),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"{PARENT}-more",
        f"01-{TRACE}-{SPAN}-01more",
        f"{PARENT},{PARENT}",
        f"01-{TRACE}-{SPAN}-01-{'x' * 300}",
        PARENT.replace("4", "\uff14"),
    ],
)
def test_what_is_no_trace_begins_a_new_one(parent: str) -> None:
    """Bad input is ignored, with the state beside it, and a new trace begins."""
    context, follows = Edge().context(parent, STATE)
    assert (follows, context.state) == ("", "")
    assert context.trace_id != TRACE
    assert OURS.fullmatch(context.parent)


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """What follows the four known fields of a version yet to come is passed over."""
    context, follows = Edge().context(f"01-{TRACE}-{SPAN}-03-more", "")
    assert context.trace_id == TRACE
    assert follows == f"00-{TRACE}-{SPAN}-00"


@pytest.mark.parametrize("flags", ["00", "01", "ff"])
def test_no_agent_decides_what_is_recorded(flags: str) -> None:
    """Dice of our own are thrown for each request, whatever trace and flags it comes with."""
    thrown = iter([0.05, 0.2, 0.09, 0.99])
    edge = Edge(0.1, lambda: next(thrown))
    parent = f"00-{TRACE}-{SPAN}-{flags}"
    assert [edge.context(parent, "")[0].sampled for _ in range(4)] == [True, False, True, False]
    assert not Edge(Tracing(ratio=1.0).recorded).context(parent, "")[0].sampled
    assert Edge(Tracing("http://c", ratio=1.0).recorded).context()[0].sampled


@pytest.mark.parametrize(
    ("state", "read"),
    [
        ("a=1,\tb=2 ,,", "a=1,b=2"),
        ("a=1,a=2", ""),
        ("A=1", ""),
        ("a=", ""),
        ("a=é", ""),
        ("a=1\r\nX-Evil: 1", ""),
        (f"a={EVIL}=", ""),
        (f"a={'x' * 257}", ""),
        (",".join(f"k{number}=v" for number in range(33)), ""),
        (",".join(f"k{number}={'v' * 30}" for number in range(20)), ""),
        ("", ""),
    ],
)
def test_a_state_that_breaks_the_grammar_or_is_long_is_left_behind(state: str, read: str) -> None:
    """At most 32 members of the W3C's grammar, each named once, in 512 characters."""
    assert read_state(state) == read


@given(st.text(max_size=600), st.text(max_size=600))
def test_nothing_of_a_stranger_gets_any_further(parent: str, state: str) -> None:
    """Whatever is sent, what goes on is of our own letters, without control characters."""
    context, follows = Edge().context(parent, state)
    assert OURS.fullmatch(context.parent)
    assert not follows or OURS.fullmatch(follows)
    assert context.state.isascii()
    assert context.state == "" or context.state.isprintable()


@pytest.mark.parametrize("state", ["", "rojo=1,congo=2"])
def test_a_trace_goes_with_its_message_and_comes_back(state: str) -> None:
    """Each station reads what was written, sends it on, and the reply is of the same trace."""
    message = booking(trace=PARENT, trace_state=state)
    wire = to_wire(message, account="gateway-1")
    assert from_wire(wire) == message
    sent = onward(wire, message, place="hub-1", at=NOON, persistent=True)
    assert from_wire(sent) == message.passed("hub-1", NOON)
    child = Context.of(PARENT).child().parent
    traced = onward(wire, message, place="hub-1", at=NOON, persistent=True, trace=child)
    assert from_wire(traced).trace == child != PARENT
    assert is_sampled(child)
    answered = reply(message, Answer("PlaceBookingResponse.1", b"<r/>"))
    assert (answered.trace, answered.trace_state) == (PARENT, state)


def test_a_message_of_before_has_no_trace_and_crosses() -> None:
    """Without the header nothing is added anywhere: old gateways and new hubs fit together."""
    message = booking()
    wire = to_wire(message, account="gateway-1")
    assert not set(TRACE_HEADERS) & set(wire.headers)
    sent = onward(wire, message, place="hub-1", at=NOON, persistent=True)
    assert not set(TRACE_HEADERS) & set(sent.headers)
    assert not reply(message, Answer("PlaceBookingResponse.1", b"<r/>")).trace


def test_a_state_without_its_trace_stays_behind() -> None:
    """What no seal binds does not travel on: a state alone is read by nobody."""
    wire = to_wire(booking(), account="gateway-1")
    wire = wire._replace(headers={**wire.headers, TRACESTATE: "a=1"})
    message = from_wire(wire)
    assert message.trace_state == ""
    sent = onward(wire, message, place="hub-1", at=NOON, persistent=True)
    assert TRACESTATE not in sent.headers


def test_what_is_bound_is_as_before_where_there_is_no_trace() -> None:
    """The bytes under the seal are those of before the trace, and others with every trace."""
    plain = to_wire(booking(), account="gateway-1")
    traced = to_wire(booking(trace=PARENT), account="gateway-1")
    assert bound(plain, "r").count(b"\0") == 13
    forms = {bound(plain, "r"), bound(traced, "r")}
    forms.add(bound(to_wire(booking(trace=PARENT, trace_state="a=1")), "r"))
    assert len(forms) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {TRACEPARENT: EVIL},
        {TRACEPARENT: PARENT[:-1] + "2"},
        {TRACEPARENT: PARENT, TRACESTATE: EVIL},
        {TRACEPARENT: PARENT, TRACESTATE: "a=1, b=2"},
    ],
)
def test_a_component_that_writes_another_trace_is_refused(headers: dict[str, str]) -> None:
    """Between our own processes a trace has one form; a message with another is malformed."""
    wire = to_wire(booking(), account="gateway-1")
    with pytest.raises(MalformedEnvelope):
        from_wire(wire._replace(headers={**wire.headers, **headers}))
