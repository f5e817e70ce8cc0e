"""What evidence does with each message."""

import base64
import binascii
import logging
from datetime import datetime
from typing import Any

from adapters.xml import Schemas
from hub.envelope import Message
from hub.errors import KeyNotTrusted, NeverWorks, NotAllowed
from hub.evidence import PURPOSE, Page, signed_at
from hub.handling import Handled
from hub.headers import read_time
from hub.messages import message_type
from hub.ports import Metrics, Unit
from hub.sealing import Signatures
from internal_apps.answering import DONE, answer, sql_unit, values
from internal_apps.evidence import store
from internal_apps.evidence.domain import NEW, Finding, Kind, check, is_complete

_log = logging.getLogger(__name__)

BOOK_PAGE = message_type("BookPage.1")


class Handlers:
    """Takes in pages of the gateways' books.

    A page is always taken: what is wrong with it is found, named and kept beside it. Only what a
    page with a wrong signature says is kept nowhere. One that is signed with a key that is not
    trusted is parked: the key may only not be known here yet.
    """

    def __init__(
        self, schemas: Schemas, metrics: Metrics, signatures: Signatures | None = None
    ) -> None:
        """``signatures`` checks who signed; without it pages need not be signed."""
        self._schemas = schemas
        self._metrics = metrics
        self._signatures = signatures

    def page(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Take in a page."""
        given = values(self._schemas, message)
        page = read_page(given)
        if (f"gateway:{page.gateway}", page.reference) != (
            message.id.sender,
            message.id.reference,
        ):
            raise NotAllowed("A gateway may send pages of its own book only.")
        key_id, unsigned = self._signed_by(page, given.get("Signature", ""))
        found = [*unsigned, *self._take(page, unit, now, key_id, trusted=not unsigned)]
        for one in found:
            self._metrics.count("lupu_evidence_findings_total", kind=one.kind.value)
            facts = {"origin": page.gateway, "book": f"{page.boot}.{page.part}"}
            _log.error(
                "evidence.found",
                extra={**facts, "page": page.number, "kind": one.kind.value, "reason": one.detail},
            )
        store.find(sql_unit(unit), page, found, now)
        self._metrics.count("lupu_evidence_pages_total")
        said = answer(self._schemas, "BookPageResponse.1", Number=page.number)
        return Handled(said, DONE, subject=f"book:{page.gateway}.{page.boot}"[:160])

    def trusts(self, message: Message) -> bool:
        """Whether a page's key is trusted now, be the page right or wrong; no other message's."""
        if message.type != BOOK_PAGE.key:
            return False
        try:
            given = values(self._schemas, message)
            self._signed_by(read_page(given), given.get("Signature", ""))
        except KeyNotTrusted:
            return False
        return True

    def stopped(self, message: Message, unit: Unit, now: datetime) -> Handled:
        """Keep what the hub did not let in."""
        store.stop(sql_unit(unit), values(self._schemas, message), now)
        return Handled(answer(self._schemas, "StoppedResponse.1"), DONE)

    def _take(
        self, page: Page, unit: Unit, now: datetime, key_id: str, *, trusted: bool
    ) -> list[Finding]:
        if not trusted:
            return []
        rows = sql_unit(unit)
        known = store.known(rows, page.gateway, page.boot, page.part)
        before = store.known(rows, page.gateway, page.boot, page.part - 1)
        checked = check(page, known or NEW, before)
        store.keep(rows, page, checked, now)
        if page.number > (known or NEW).pages:
            store.turn(rows, page, checked, now, key_id)
            if is_complete(page, checked):
                store.complete(rows, page)
        return list(checked.findings)

    def _signed_by(self, page: Page, signature: str) -> tuple[str, list[Finding]]:
        if self._signatures is None:
            return "", []
        if not signature:
            return "", [Finding(Kind.UNSIGNED, "the page is not signed")]
        try:
            raw = base64.b64decode(signature, validate=True)
            signed = self._signatures.verified(raw, PURPOSE, signed_at)
        except KeyNotTrusted:
            raise
        except (NeverWorks, binascii.Error) as error:
            return "", [Finding(Kind.SIGNATURE_WRONG, str(error))]
        if signed.owner != page.gateway or signed.payload != page.to_sign():
            detail = f"{signed.owner} signed another page"
            return "", [Finding(Kind.SIGNATURE_WRONG, detail)]
        return signed.key_id, []


def read_page(given: dict[str, Any]) -> Page:
    """Return the page that a document holds; NeverWorks where a time in it is none."""
    return Page(
        given["Gateway"],
        given["Boot"],
        given["Part"],
        given["Number"],
        given["Before"],
        read_time(given["MadeAt"]),
        tuple(given.get("Line", ())),
    )
