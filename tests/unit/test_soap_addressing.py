"""WS-Addressing: echoed to those who use it, and never followed elsewhere."""

import pytest
from lxml import etree

from adapters.soap.answer import render_answer, render_fault
from adapters.soap.forms import Fault
from hub.errors import Refusal
from hub.messages import TICKETING
from tests.unit.soap_messages import ACTION, ASKED, XML_12, envelope, envelope_12, read, refused

EDITIONS = {
    "http://www.w3.org/2005/08/addressing": (
        "http://www.w3.org/2005/08/addressing/anonymous",
        "http://www.w3.org/2005/08/addressing/soap/fault",
    ),
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": (
        "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
        "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
    ),
}
REFUSAL = Refusal("SOLD_OUT", "Sold out.", "已售完。", "Ask for less.", "请减少数量。")


def wsa(namespace: str, **headers: str) -> str:
    """Return addressing headers, each marked mustUnderstand as Java does."""
    return "".join(
        f'<a:{name} xmlns:a="{namespace}" s:mustUnderstand="1">{content}</a:{name}>'
        for name, content in headers.items()
    )


def endpoint(namespace: str, address: str) -> str:
    """Return the inside of an endpoint reference."""
    return f'<a:Address xmlns:a="{namespace}">{address}</a:Address>'


@pytest.mark.parametrize("namespace", EDITIONS)
def test_answers_with_headers(namespace: str) -> None:
    """An addressed request is answered with Action, RelatesTo and To, in its own edition."""
    anonymous, fault_action = EDITIONS[namespace]
    header = wsa(
        namespace,
        Action=ACTION,
        MessageID="urn:uuid:1 &lt;&amp;",
        To="https://gateway",
        ReplyTo=endpoint(namespace, anonymous),
    )
    request = read(envelope_12(header=header), XML_12)
    answer = etree.fromstring(render_answer(request.form, b"<x/>", request.answer_action).body)
    assert answer.findtext(f".//{{{namespace}}}Action") == f"{ACTION}Response"
    assert answer.findtext(f".//{{{namespace}}}RelatesTo") == "urn:uuid:1 <&"
    assert answer.findtext(f".//{{{namespace}}}To") == anonymous
    fault = Fault("Refused", REFUSAL, sender=True)
    answer = etree.fromstring(render_fault(request.form, fault).body)
    assert answer.findtext(f".//{{{namespace}}}Action") == fault_action
    assert answer.findtext(f".//{{{namespace}}}RelatesTo") == "urn:uuid:1 <&"


def test_answers_without_headers_where_none_were() -> None:
    """Who does not use WS-Addressing gets none of it."""
    request = read(envelope())
    assert b"Header" not in render_answer(request.form, b"<x/>", request.answer_action).body


@pytest.mark.parametrize("namespace", EDITIONS)
@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo"])
@pytest.mark.parametrize("address", ["http://127.0.0.1/", "", "file:///etc/passwd"])
def test_never_answers_elsewhere(namespace: str, name: str, address: str) -> None:
    """An answer goes back where the request came from; the refusal still relates to it."""
    header = wsa(namespace, MessageID="urn:1", **{name: endpoint(namespace, address)})
    error = refused(envelope(header=header))
    assert error.code == "ADDRESSING_UNSUPPORTED"
    assert error.form is not None
    assert error.form.addressing is not None
    assert error.form.addressing.message_id == "urn:1"


def test_refuses_an_endpoint_with_two_addresses() -> None:
    """The second address cannot hide behind an anonymous first one."""
    namespace = "http://www.w3.org/2005/08/addressing"
    both = endpoint(namespace, EDITIONS[namespace][0]) + endpoint(namespace, "http://x/")
    assert refused(envelope(header=wsa(namespace, ReplyTo=both))).code == "ADDRESSING_UNSUPPORTED"


def test_refuses_what_is_there_twice() -> None:
    """Two Actions, or two editions, are refused rather than one of them believed."""
    one, other = EDITIONS
    twice = wsa(one, Action=ACTION) * 2
    mixed = wsa(one, Action=ACTION) + wsa(other, Action=ACTION)
    for header in (twice, mixed):
        assert refused(envelope(header=header)).code == "ADDRESSING_UNSUPPORTED"


def test_refuses_another_action() -> None:
    """wsa:Action must name the operation in the Body."""
    wrong = wsa("http://www.w3.org/2005/08/addressing", Action=f"{TICKETING}/PlaceBooking")
    assert refused(envelope(header=wrong)).code == "ACTION_MISMATCH"


def test_refuses_a_message_id_without_end() -> None:
    """What would be echoed is bounded."""
    header = wsa("http://www.w3.org/2005/08/addressing", MessageID="x" * 1_001)
    assert refused(envelope(ASKED, header=header)).code == "ADDRESSING_UNSUPPORTED"
