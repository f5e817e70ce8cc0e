"""The end of the audit trail, signed, so that it can be noted where anybody may write.

A signed head proves all before it: whoever shortens the trail, or writes it anew, cannot make
the head that was noted before fit again.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import NamedTuple

from hub.errors import NeverWorks, NotAuthentic
from hub.headers import read_time, write_time
from hub.sealing import Signatures, Signer
from internal_apps.parking.domain import Head

FORMAT = "lupu-audit-head-1"
PURPOSE = "audit head"
# Who notes heads.
SIGNER = "evidence"


class Noted(NamedTuple):
    """A head that was signed: which, by whom and when."""

    head: Head
    by: str
    at: datetime


def sign(head: Head, at: datetime, signer: Signer) -> str:
    """Return a head as text without spaces, signed (COSE_Sign1)."""
    said = {"format": FORMAT, "head": str(head), "at": write_time(at)}
    payload = json.dumps(said, sort_keys=True).encode("ascii")
    return base64.urlsafe_b64encode(signer.sign(payload, PURPOSE)).decode("ascii")


def read(text: str, signatures: Signatures) -> Noted:
    """Return a head that evidence has signed; NotAuthentic, KeyNotTrusted where it has not."""
    try:
        raw = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("It is no signed head.") from error
    signed = signatures.verified(raw, PURPOSE, lambda payload: _read(payload)[1])
    if signed.owner.partition("-")[0] != SIGNER:
        raise NotAuthentic(f"It was signed by {signed.owner}, which notes no heads.")
    head, at = _read(signed.payload)
    return Noted(head, signed.owner, at)


def _read(payload: bytes) -> tuple[Head, datetime]:
    try:
        said = json.loads(payload)
        return Head.parse(said["head"]), read_time(said["at"])
    except (ValueError, KeyError, TypeError, NeverWorks) as error:
        raise NotAuthentic("What was signed is no head.") from error
