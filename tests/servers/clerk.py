"""A clerk for load: the staff's pages over HTTPS without a browser, answers as codes."""

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import requests

from tests.servers.agency import NO_ANSWER, Told

NEW = "/bookings/new"
_BOOKING = re.compile(r"/bookings/([0-9A-Z-]{14})$")
_SAID = {"This time nothing was sent": "NOT_ACCEPTED", "It is not certain": "OUTCOME_UNKNOWN"}


class _Hidden(HTMLParser):
    """Reads the hidden fields of the last form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.fields = {}
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given.get("name") or ""] = given.get("value") or ""


class PlainClerk:
    """One session of one account; not for use by several threads."""

    def __init__(self, url: str, ca_file: Path, account: str, password: str) -> None:
        self._url = url
        self._account, self._password = account, password
        self.sign_ins = 0
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ca_file)
        self._session.headers["Accept-Language"] = "en"

    def form(self) -> dict[str, str] | None:
        """Return the hidden fields of a new form, its token among them; None where none comes."""
        page = self._signed_in(NEW)
        fields = {} if page is None else _Hidden(page.text).fields
        return fields if "token" in fields else None

    def booking(self, reference: str) -> str:
        """Return the page of a booking as it is written; empty where none comes."""
        page = self._signed_in(f"/bookings/{reference}")
        return page.text if page is not None and page.ok else ""

    def place(self, form: dict[str, str], ticket_type: str, day: date) -> Told:
        """Send the form, for the first time or again; it is one booking however often."""
        typed = {"name": "王小明", "telephone": "021 5888 1234", "kind": "INDIVIDUAL"}
        line = {"ticket_type": ticket_type, "day": str(day), "quantity": "1"}
        return _told(self._open("POST", NEW, {**form, **typed, **line}))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _signed_in(self, path: str) -> requests.Response | None:
        page = self._open("GET", path)
        if page is not None and page.url.partition("?")[0].endswith("/sign-in"):
            self.sign_ins += 1
            fields = _Hidden(page.text).fields
            typed = {"account": self._account, "password": self._password, "next": path}
            page = self._open("POST", "/sign-in", {**fields, **typed})
        return page

    def _open(
        self, method: str, path: str, fields: dict[str, str] | None = None
    ) -> requests.Response | None:
        try:
            return self._session.request(
                method, self._url + path, data=fields, headers={"Origin": self._url}, timeout=20
            )
        except requests.RequestException:
            return None


def _told(page: requests.Response | None) -> Told:
    if page is None:
        return Told(NO_ANSWER)
    booking = _BOOKING.search(page.url.partition("?")[0])
    if booking is not None and page.ok:
        return Told("DONE", booking[1], text=page.text)
    if "/sign-in" in page.url:
        return Told(NO_ANSWER)  # nobody has looked at the form
    if "/sent/" in page.url:
        return Told("RECEIVED", text=page.text)
    said = [code for words, code in _SAID.items() if words in page.text]
    if said or page.status_code >= 500:
        return Told(said[0] if said else NO_ANSWER, text=page.text)
    shown = re.search(r"<title>(.*?)</title>", page.text)
    return Told(f"{page.status_code} {page.url} {shown and shown[1]}", text=page.text)
