"""A job for a client stack, as the stacks written in Python read it."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SOAP_11 = "1.1"
SOAP_12 = "1.2"

CERTIFICATE = "certificate"
TEXT = "text"
DIGEST = "digest"
SIGNATURE = "signature"

Call = tuple[str, dict[str, Any]]
Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """What a stack is told: the address, the sign-in, and calls of (operation, values)."""

    url: str
    ca_file: str
    soap: str
    sign_in: str
    user: str
    password: str
    certificate: str
    key: str
    signing_certificate: str
    signing_key: str
    calls: list[Call]

    @property
    def wsdl(self) -> str:
        """Where the contract is."""
        return f"{self.url}/soap/ticketing?wsdl"


_ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"


def version(sent: str) -> str:
    """Return the SOAP version of a message that was sent."""
    return SOAP_12 if _ENVELOPE_12 in sent else SOAP_11


def run(make: Callable[[Job], Callable[[str, dict[str, Any]], Outcome]]) -> None:
    """Read the job, make the calls with the client that ``make`` returns, print what came."""
    job = Job(**json.load(sys.stdin))
    call = make(job)
    outcomes = [_timed(call, operation, values) for operation, values in job.calls]
    json.dump(outcomes, sys.stdout, default=str)


def _timed(
    call: Callable[[str, dict[str, Any]], Outcome], operation: str, values: dict[str, Any]
) -> Outcome:
    began = time.monotonic()
    outcome = call(operation, values)
    return {**outcome, "seconds": time.monotonic() - began}
