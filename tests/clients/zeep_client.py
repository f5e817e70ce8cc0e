"""zeep, as an agency uses it."""

from collections.abc import Callable
from typing import Any

import requests
from lxml import etree
from zeep import Client, Transport
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.plugins import HistoryPlugin
from zeep.wsse.username import UsernameToken

from tests.clients.job import CERTIFICATE, DIGEST, SOAP_12, Job, Outcome, run, version


def client(job: Job) -> Callable[[str, dict[str, Any]], Outcome]:
    """Read the contract and return a function that makes one call."""
    session = requests.Session()
    # Else a bundle that the environment names would go before the gateway's authority.
    session.trust_env = False
    session.verify = job.ca_file
    token = None
    if job.sign_in == CERTIFICATE:
        session.cert = (job.certificate, job.key)
    else:
        token = UsernameToken(job.user, job.password, use_digest=job.sign_in == DIGEST)
    history = HistoryPlugin()
    transport = Transport(session=session)
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
