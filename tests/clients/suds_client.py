"""suds-community, as an agency uses it. It speaks SOAP 1.1 alone."""

import base64
import hashlib
import os
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any

from suds import WebFault
from suds.client import Client
from suds.sax.date import DateTime
from suds.sudsobject import Object, items
from suds.transport.https import HttpTransport
from suds.wsse import Security, UsernameToken

from tests.clients.job import CERTIFICATE, DIGEST, TEXT, Job, Outcome, run, version


class TlsTransport(HttpTransport):  # type: ignore[misc]
    """suds's own transport with an agency's certificate and who signs the gateway's."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def u2handlers(self) -> list[urllib.request.BaseHandler]:
        """Return the handlers of every request, HTTPS with our context among them."""
        return [
            *super().u2handlers(),
            urllib.request.HTTPSHandler(context=self._context),
        ]


def client(job: Job) -> Callable[[str, dict[str, Any]], Outcome]:
    """Read the contract and return a function that makes one call."""
    context = ssl.create_default_context(cafile=job.ca_file)
    if job.sign_in == CERTIFICATE:
        context.load_cert_chain(job.certificate, job.key)
    made = Client(job.wsdl, transport=TlsTransport(context), cache=None)

    def call(operation: str, values: dict[str, Any]) -> Outcome:
        if job.sign_in in (TEXT, DIGEST):
            made.set_options(wsse=_security(job))
        try:
            outcome = {"answer": _plain(getattr(made.service, operation)(**values))}
        except WebFault as fault:
            ((name, detail),) = items(fault.fault.detail)
            outcome = {"fault": name, "detail": _plain(detail)}
        return {**outcome, "sent": version(str(made.last_sent()))}

    return call


def _security(job: Job) -> Security:
    token = UsernameToken(job.user, job.password)
    if job.sign_in == DIGEST:
        nonce = os.urandom(16)
        token.setcreated()
        created = str(DateTime(token.created))
        text = nonce + created.encode() + job.password.encode()
        digest = hashlib.sha1(text).digest()  # noqa: S324  what the profile asks for
        token.setnonceencoding(True)
        token.setnonce(base64.b64encode(nonce).decode())
        token.setpassworddigest(base64.b64encode(digest).decode())
    security = Security()
    security.tokens.append(token)
    return security


def _plain(value: Any) -> Any:
    if isinstance(value, Object):
        return {name: _plain(inner) for name, inner in items(value)}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


if __name__ == "__main__":
    run(client)
