"""Reading the gateway's answers as a strict client would."""

import re
from dataclasses import dataclass

from lxml import etree

from tests.slice.gateway_requests import COMMON, SOAP_11, SOAP_12, TICKETING
from tests.slice.gateway_world import SCHEMAS, Posted


@dataclass(frozen=True)
class FaultRead:
    """A fault: its code's local name, its detail element's name, what the detail says."""

    fault_code: str
    element: str
    code: str
    values: dict[str, object]


def fault(answer: Posted) -> FaultRead:
    """Read a fault and hold it to SOAP, to its XSD, and its Chinese to be Chinese."""
    envelope = etree.fromstring(answer.body)
    version = etree.QName(envelope).namespace
    assert version in (SOAP_11, SOAP_12)
    found = envelope.find(f"{{{version}}}Body/{{{version}}}Fault")
    assert found is not None, answer.text
    if version == SOAP_11:
        # Basic Profile R1000, R1001: only the four children, unqualified.
        assert [node.tag for node in found] == ["faultcode", "faultstring", "detail"]
        code, detail = found.findtext("faultcode") or "", found.find("detail")
    else:
        code = found.findtext(f"{{{version}}}Code/{{{version}}}Value") or ""
        detail = found.find(f"{{{version}}}Detail")
    assert detail is not None
    (refused,) = detail
    SCHEMAS.validate(refused)
    name = etree.QName(refused)
    assert name.namespace == COMMON
    values = SCHEMAS.values(refused)
    for chinese in (values["SentenceZh"], values["WhatToDoZh"]):
        assert re.search("[一-鿿]", chinese), chinese
        assert not re.search(r"[a-z]+ [a-z]+", chinese), chinese
    return FaultRead(code.rpartition(":")[2], name.localname, values["Code"], values)


def document(answer: Posted) -> dict[str, object]:
    """Read a good answer's document, valid; its values and, as ``element``, its name."""
    assert answer.status == 200, answer.text
    envelope = etree.fromstring(answer.body)
    version = etree.QName(envelope).namespace
    body = envelope.find(f"{{{version}}}Body")
    assert body is not None
    (found,) = body
    SCHEMAS.validate(found)
    name = etree.QName(found)
    assert name.namespace == TICKETING
    return {"element": name.localname, **SCHEMAS.values(found)}
