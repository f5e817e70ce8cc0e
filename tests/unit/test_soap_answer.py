"""Answers and faults: in the version of whoever asked, valid, with nothing let through."""

import pytest
from lxml import etree

from adapters.soap.answer import render_answer, render_fault
from adapters.soap.forms import (
    ENVELOPE_11,
    ENVELOPE_12,
    AnswerForm,
    Fault,
    SoapVersion,
)
from adapters.xml import Schemas, read_refusal
from hub.errors import Refusal
from hub.messages import COMMON

NASTY = "<b>&\"'\U00020bb7]]>"
REFUSAL = Refusal("SOLD_OUT", NASTY, f"已售完{NASTY}", "Ask.", "请问。", retryable=True)
FORMS = {
    ENVELOPE_11: AnswerForm(SoapVersion.SOAP_11),
    ENVELOPE_12: AnswerForm(SoapVersion.SOAP_12),
}
ELEMENTS = ("InvalidRequest", "NotAccepted", "OutcomeUnknown", "Refused")
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


def _refusal(code: str) -> Refusal:
    return Refusal(code, "a", "b", "c", "d")


@pytest.mark.parametrize("namespace", FORMS)
def test_answer_carries_the_document(namespace: str) -> None:
    """The answer is the document inside an envelope of the version that was asked in."""
    answer = render_answer(FORMS[namespace], b'<a xmlns="urn:a">\xe4\xb8\x96</a>', "urn:b")
    root = etree.fromstring(answer.body)
    assert root.tag == f"{{{namespace}}}Envelope"
    assert root.findtext(f"{{{namespace}}}Body/{{urn:a}}a") == "\u4e16"
    assert answer.status == 200
    assert answer.content_type.endswith("charset=utf-8")


@pytest.mark.parametrize("namespace", FORMS)
@pytest.mark.parametrize("element", ELEMENTS)
def test_fault_carries_the_declared_detail(namespace: str, element: str) -> None:
    """The detail is one element that the WSDL declares, valid, its sentences escaped."""
    fault = render_fault(FORMS[namespace], Fault(element, REFUSAL, sender=True))
    root = etree.fromstring(fault.body)
    name = f"{{{COMMON}}}{element}"
    (detail,) = root.iter(name)
    document = etree.tostring(detail, with_tail=False)
    Schemas().check(name, document)
    assert read_refusal(document) == REFUSAL
    parent = detail.getparent()
    assert parent is not None
    assert len(parent) == 1
    assert fault.status == 500


def test_fault_of_version_11_has_its_four_children() -> None:
    """faultcode, faultstring and detail are unqualified, as WS-I asks (R1000, R1001)."""
    root = etree.fromstring(
        render_fault(FORMS[ENVELOPE_11], Fault("Refused", REFUSAL, sender=True)).body
    )
    (fault,) = root.iter(f"{{{ENVELOPE_11}}}Fault")
    assert [node.tag for node in fault] == ["faultcode", "faultstring", "detail"]
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.findtext("faultstring") == NASTY


def test_fault_of_version_12_speaks_two_languages() -> None:
    """Code, Reason in English and Chinese, Detail, in this order."""
    root = etree.fromstring(
        render_fault(FORMS[ENVELOPE_12], Fault("NotAccepted", REFUSAL, sender=False)).body
    )
    soap = f"{{{ENVELOPE_12}}}"
    (fault,) = root.iter(f"{soap}Fault")
    assert [node.tag for node in fault] == [f"{soap}Code", f"{soap}Reason", f"{soap}Detail"]
    assert fault.findtext(f"{soap}Code/{soap}Value") == "soap:Receiver"
    languages = {
        text.get("{http://www.w3.org/XML/1998/namespace}lang"): text.text
        for text in fault.iter(f"{soap}Text")
    }
    assert languages == {"en": REFUSAL.sentence_en, "zh": REFUSAL.sentence_zh}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MUST_UNDERSTAND", f"{{{ENVELOPE_11}}}MustUnderstand"),
        ("VERSION_MISMATCH", f"{{{ENVELOPE_11}}}VersionMismatch"),
        ("SIGN_IN_FAILED", f"{{{WSSE}}}FailedAuthentication"),
        ("SIGN_IN_REPLAYED", f"{{{WSSE}}}FailedAuthentication"),
        ("SIGNATURE_INVALID", f"{{{WSSE}}}FailedCheck"),
        ("MESSAGE_EXPIRED", f"{{{WSSE}}}MessageExpired"),
        ("SCHEMA_INVALID", f"{{{ENVELOPE_11}}}Client"),
    ],
)
def test_fault_codes_are_qualified_names(code: str, expected: str) -> None:
    """Each faultcode has a prefix that is declared where it stands."""
    fault = Fault("InvalidRequest", _refusal(code), sender=True)
    root = etree.fromstring(render_fault(FORMS[ENVELOPE_11], fault).body)
    (node,) = root.iter("faultcode")
    prefix, _, local = (node.text or "").partition(":")
    assert f"{{{node.nsmap[prefix]}}}{local}" == expected


def test_version_12_says_what_it_does_not_understand() -> None:
    """The headers that were not understood are named, those without a namespace left out."""
    fault = Fault(
        "InvalidRequest",
        _refusal("MUST_UNDERSTAND"),
        sender=True,
        not_understood=("{urn:a'&b}Price", "bare"),
    )
    root = etree.fromstring(render_fault(FORMS[ENVELOPE_12], fault).body)
    (named,) = root.iter(f"{{{ENVELOPE_12}}}NotUnderstood")
    assert named.get("qname") == "n:Price"
    assert named.nsmap["n"] == "urn:a'&b"


def test_version_12_says_which_versions_it_knows() -> None:
    """A VersionMismatch comes with the Upgrade header of SOAP 1.2, 5.4.7."""
    fault = Fault("InvalidRequest", _refusal("VERSION_MISMATCH"), sender=True)
    root = etree.fromstring(render_fault(FORMS[ENVELOPE_12], fault).body)
    known = [node.nsmap["v"] for node in root.iter(f"{{{ENVELOPE_12}}}SupportedEnvelope")]
    assert known == [ENVELOPE_12, ENVELOPE_11]


def test_status_may_be_fixed() -> None:
    """Too large is 413 whatever faults usually are."""
    fault = Fault("InvalidRequest", _refusal("TOO_LARGE"), sender=True, status=413)
    assert render_fault(FORMS[ENVELOPE_11], fault).status == 413
