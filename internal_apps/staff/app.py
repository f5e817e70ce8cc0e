"""The Flask application of the staff's web, made from its parts."""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, g, jsonify, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from adapters.database import Database
from hub.errors import TryAgain, broken
from hub.ports import Clock, Metrics
from internal_apps.staff import headers, languages
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.door import Door
from internal_apps.staff.kept_forms import KeptForms
from internal_apps.staff.languages import Texts
from internal_apps.staff.pages import Desk, pages
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.sessions import Sessions
from internal_apps.staff.settings import Staff
from internal_apps.staff.shell import Shell, open_to_all

_log = logging.getLogger(__name__)

HERE = Path(__file__).parent
TRANSLATIONS = HERE / "translations"
MIGRATIONS = HERE / "versions"


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the menu: its text in English, the view it leads to, who sees it."""

    text: str
    endpoint: str
    permission: str


@dataclass(frozen=True, slots=True)
class Area:
    """A capability's pages: a blueprint made for the shell, menu entries, translations."""

    blueprint: Callable[[Shell], Blueprint]
    menu: Sequence[MenuEntry]
    translations: Path


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made from.

    ``pings`` raise TryAgain while what they are named for is away.
    """

    database: Database
    clock: Clock
    settings: Staff
    areas: Sequence[Area]
    pings: Mapping[str, Callable[[], None]]
    passwords: Passwords
    metrics: Metrics


OWN_MENU = (
    MenuEntry(languages.sentence("Accounts"), "staff.accounts", "accounts.see"),
    MenuEntry(languages.sentence("Sign-ins"), "staff.sign_ins", "signins.see"),
)


def make_app(parts: Parts) -> Flask:
    """Return the application; nothing is opened before the first request."""
    app = Flask("lupu.staff", root_path=str(HERE))
    app.config["MAX_CONTENT_LENGTH"] = parts.settings.form_bytes_max
    app.config["MAX_FORM_MEMORY_SIZE"] = parts.settings.form_bytes_max
    # HAProxy is the one proxy in front; it replaces what a client may have sent.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    sessions = Sessions(parts.database, parts.clock, parts.settings)
    accounts = Accounts(parts.database, parts.clock)
    shell = Shell(sessions, accounts, KeptForms(parts.database, parts.clock))
    door = Door(parts.database, parts.clock, parts.settings, accounts, parts.passwords)
    menu = (*(entry for area in parts.areas for entry in area.menu), *OWN_MENU)
    shell.install(app)
    headers.install(app)
    app.register_blueprint(
        pages(Desk(shell, door, accounts, parts.passwords, lambda: _start(shell, menu)))
    )
    for area in parts.areas:
        app.register_blueprint(area.blueprint(shell))
    texts = Texts([TRANSLATIONS, *(area.translations for area in parts.areas)])
    _words(app, texts)
    _layout(app, shell, menu)
    _errors(app)
    _measure(app, parts.metrics)
    _health(app, parts.pings)
    return app


def _start(shell: Shell, menu: Sequence[MenuEntry]) -> str:
    account = shell.account()
    seen = [entry for entry in menu if account.may(entry.permission)]
    return url_for(seen[0].endpoint if seen else "staff.account")


def _words(app: Flask, texts: Texts) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: texts.text(g.language, text),
        lambda one, many, count: texts.texts(g.language, one, many, count),
        newstyle=True,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        yuan=languages.write_yuan,
        month=lambda day: languages.write_month(g.language, day),
        day=lambda day: languages.write_day(g.language, day),
        shanghai=lambda at: languages.write_time(g.language, at),
        precise=lambda at: languages.write_precise(g.language, at),
        clock=lambda at: languages.write_clock(g.language, at),
        clock_precise=lambda at: languages.write_clock_precise(g.language, at),
    )


def _layout(app: Flask, shell: Shell, menu: Sequence[MenuEntry]) -> None:
    versions = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in (HERE / "static").iterdir()
    }

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=versions[name])

    def words() -> dict[str, object]:
        account = shell.account() if shell.is_signed_in() else None
        seen = [entry for entry in menu if account and account.may(entry.permission)]
        entries = [(url_for(entry.endpoint), entry.text) for entry in seen]
        return {
            "account": account,
            "menu": entries,
            "here": _here([address for address, _ in entries]),
            "language": g.language,
            "html_language": languages.HTML_LANGUAGES[g.language],
            "language_names": languages.OWN_NAMES,
            "asset": asset,
            "form_fields": shell.form_fields,
        }

    app.context_processor(words)


def _here(addresses: Sequence[str]) -> str:
    """Return the address of the menu that this page is, or lies nearest below."""
    above = [one for one in addresses if f"{request.path}/".startswith(f"{one}/")]
    return max(above, key=len, default="")


def _errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int]:
        code = error.code or 500
        return render_template("staff/error.html", code=code), code

    @app.errorhandler(TryAgain)
    def away(error: TryAgain) -> tuple[str, int]:
        _log.warning("page.dependency_away", extra={"reason": type(error).__name__})
        return render_template("staff/error.html", code=503), 503

    @app.errorhandler(Exception)
    def failed(error: Exception) -> tuple[str, int]:
        # The text of an error may hold what somebody typed: only its kind and place are logged.
        _log.error("page.failed", extra=broken(error))
        return render_template("staff/error.html", code=500), 500


def _measure(app: Flask, metrics: Metrics) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        page, status = request.endpoint or "none", str(response.status_code)
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        metrics.observe("lupu_staff_page_seconds", seconds, page=page, status=status)
        return response


def _health(app: Flask, pings: Mapping[str, Callable[[], None]]) -> None:
    @app.get("/health")
    @open_to_all
    def health() -> Response:
        # Without database or broker the pages still say so themselves: HAProxy lets people in.
        found = {name: "ready" if _answers(ping) else "away" for name, ping in pings.items()}
        return jsonify(found)


def _answers(ping: Callable[[], None]) -> bool:
    try:
        ping()
    except TryAgain:
        return False
    return True
