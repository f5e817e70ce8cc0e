"""Somebody at the staff's pages without a browser: reads pages and sends their forms."""

import html
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from tests.slice.staff_world import PASSWORD, StaffWorld

SITE = "https://localhost"
ATTRIBUTE = re.compile(r"[a-z][a-z-]*")
STANDARD_LINE = {"ticket_type": "STANDARD", "day": "2010-06-10", "quantity": "2"}


class _Fields(HTMLParser):
    """Reads the hidden fields of each form by its action; no browser heeds an odd attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        odd = [name for name, _ in attrs if not ATTRIBUTE.fullmatch(name)]
        assert not odd, f"a {tag} has {odd}"
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
        if tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1][given.get("name") or ""] = given.get("value") or ""


class Visitor:
    """One browser's worth of cookies; keeps the last page."""

    def __init__(self, world: StaffWorld, address: str = "10.1.1.1") -> None:
        self.client = world.app.test_client()
        self.address = address
        self.page: TestResponse | None = None

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page and follow where it leads."""
        self.page = self.client.get(
            path, base_url=SITE, headers=self._headers(headers), follow_redirects=True
        )
        return self._read(self.page)

    def post(
        self, path: str, values: dict[str, Any], *, follow: bool = True, origin: str = SITE
    ) -> TestResponse:
        """Send a form as it is, to ``path``."""
        self.page = self.client.post(
            path,
            base_url=SITE,
            data=values,
            headers=self._headers({"Origin": origin}),
            follow_redirects=follow,
        )
        return self._read(self.page)

    def send(self, path: str, *, follow: Any = True, **typed: Any) -> TestResponse:
        """Fill in the last page's form that goes to ``path``, and send it."""
        return self.post(path, {**self.hidden(path), **typed}, follow=follow)

    @staticmethod
    def _read(page: TestResponse) -> TestResponse:
        if page.mimetype == "text/html":
            _Fields().feed(page.text)
        return page

    def hidden(self, path: str) -> dict[str, str]:
        """Return the hidden fields of the last page's form that goes to ``path``."""
        assert self.page is not None
        reader = _Fields()
        reader.feed(self.page.text)
        here = urlsplit(self.page.request.path).path
        found = [fields for action, fields in reader.forms if (action or here) == path]
        assert found, f"no form goes to {path}"
        return found[-1]

    def sign_in(self, account: str = "wang", password: str = PASSWORD) -> TestResponse:
        """Sign in."""
        self.get("/sign-in")
        return self.send("/sign-in", account=account, password=password)

    def place(self, **typed: Any) -> str:
        """Book two tickets and return the booking's reference."""
        self.get("/bookings/new")
        given = {"name": "李小龙", "telephone": "021 6847 1234", **STANDARD_LINE, **typed}
        self.send("/bookings/new", kind="INDIVIDUAL", **given)
        return self.reference()

    def reference(self) -> str:
        """Return the reference of the booking that is shown."""
        assert self.page is not None
        match = re.search(r"data-select>([0-9A-Z-]{14})<", self.page.text)
        assert match is not None, self.page.text
        return match[1]

    def link(self, relation: str) -> str:
        """Return where the page's link of a relation (``next``) leads, nothing if it has none."""
        assert self.page is not None
        found = re.search(rf'href="([^"]+)" rel="{relation}"', self.page.text)
        return "" if found is None else html.unescape(found[1])

    def text(self) -> str:
        """Return the last page, its tags taken out."""
        assert self.page is not None
        return " ".join(re.sub(r"<[^>]*>", " ", self.page.text).split())

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        forwarded = {"X-Forwarded-For": self.address, "X-Forwarded-Proto": "https"}
        return {"Accept-Language": "en", **forwarded, **more}
