"""zeep, as an agency uses it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import xmlsec
from lxml import etree
from zeep import Client, Transport
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.plugins import HistoryPlugin
from zeep.wsse.signature import BinarySignature
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU, get_security_header

from tests.clients.job import CERTIFICATE, DIGEST, SIGNATURE, SOAP_12, Job, Outcome, run, version


class Signing(BinarySignature):
    """Signs Body and Timestamp; the gateway's answers are not signed, so none is verified."""

    def __init__(self, key: str, certificate: str) -> None:
        methods: Any = vars(xmlsec)["Transform"]  # xmlsec's types do not name it
        super().__init__(  # type: ignore[no-untyped-call]
            key,
            certificate,
            signature_method=methods.RSA_SHA256,
            digest_method=methods.SHA256,
        )

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Add the Timestamp and sign."""
        now = datetime.now(UTC)
        stamp = WSU.Timestamp(
            WSU.Created(f"{now:%Y-%m-%dT%H:%M:%SZ}"),
            WSU.Expires(f"{now + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}"),
        )
        get_security_header(envelope).append(stamp)
        return super().apply(envelope, headers)  # type: ignore[no-untyped-call]

    def verify(self, envelope: Any) -> Any:
        """Take an answer as it is."""
        return envelope


def client(
    job: Job, wait_seconds: float | None = None
) -> Callable[[str, dict[str, Any]], Outcome]:
    """Read the contract and return a function that makes one call, and waits so long for it."""
    session = requests.Session()
    # Else a bundle that the environment names would go before the gateway's authority.
    session.trust_env = False
    session.verify = job.ca_file
    token: Signing | UsernameToken | None = None
    if job.sign_in == CERTIFICATE:
        session.cert = (job.certificate, job.key)
    elif job.sign_in == SIGNATURE:
        token = Signing(job.signing_key, job.signing_certificate)
    else:
        token = UsernameToken(job.user, job.password, use_digest=job.sign_in == DIGEST)
    history = HistoryPlugin()
    transport = Transport(session=session, operation_timeout=wait_seconds)
    made = Client(job.wsdl, transport=transport, wsse=token, plugins=[history])
    port = "TicketingSoap12" if job.soap == SOAP_12 else "TicketingSoap11"
    service = made.bind("TicketingService", port)

    def call(operation: str, values: dict[str, Any]) -> Outcome:
        outcome = ask(operation, values)
        sent = etree.QName(history.last_sent["envelope"]).namespace
        return {**outcome, "sent": version(str(sent))}

    def ask(operation: str, values: dict[str, Any]) -> Outcome:
        try:
            return {"answer": serialize_object(service[operation](**values), dict)}
        except Fault as fault:
            if fault.detail is None:
                return {"error": str(fault)}
            detail = fault.detail[0]
            typed = made.wsdl.types.deserialize(detail)
            name = etree.QName(detail).localname
            return {"fault": name, "detail": serialize_object(typed, dict)}

    return call


if __name__ == "__main__":
    run(client)
