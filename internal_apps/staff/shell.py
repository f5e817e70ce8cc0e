"""The shell around every page: who is there, in which language, and whether they may.

A view without a guard is never run: each says with ``requires`` or ``open_to_all`` for whom
it is.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, g, make_response, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from internal_apps.staff import cookies
from internal_apps.staff.accounts import Account, Accounts
from internal_apps.staff.kept_forms import KeptForms
from internal_apps.staff.languages import LANGUAGES, choose
from internal_apps.staff.roles import Permission
from internal_apps.staff.sessions import Session, Sessions

View = TypeVar("View", bound=Callable[..., Any])

GUARD = "lupu_guard"
OPEN = "open to all"


def open_to_all(view: View) -> View:
    """Let anybody see the view, signed in or not."""
    setattr(view, GUARD, OPEN)
    return view


def requires(permission: str) -> Callable[[View], View]:
    """Run the view only for somebody whose role has the permission."""
    wanted = Permission(permission)

    def mark(view: View) -> View:
        setattr(view, GUARD, wanted)
        return view

    return mark


def safe_path(path: str) -> str:
    """Return the path if it leads to a page of ours, else the start page."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and path.isprintable() else "/"


def _asked(path: str, **asked: int) -> str:
    """Return a path, which may ask something already, with more that is asked."""
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}" if asked else path


@dataclass(frozen=True, slots=True)
class Shell:
    """Looks at every request before its view does; views ask it who is there."""

    sessions: Sessions
    accounts: Accounts
    kept_forms: KeptForms

    def install(self, app: Flask) -> None:
        """Stand before every view of the application."""
        app.before_request(lambda: self._before(app))
        app.after_request(self._after)

    def requires(self, permission: str) -> Callable[[View], View]:
        """Run the view only for somebody whose role has the permission."""
        return requires(permission)

    def account(self) -> Account:
        """Return who is signed in; only where a guard has seen to it."""
        return self.session().account

    def session(self) -> Session:
        """Return the live session; only where a guard has seen to it."""
        session: Session = g.session
        return session

    def is_signed_in(self) -> bool:
        """Return whether anybody is."""
        return g.session is not None

    def language(self) -> str:
        """Return the page's language."""
        return str(g.language)

    def name_of(self, account: str) -> str:
        """Return the name of a member of staff; the account itself where there is none."""
        found = self.accounts.find(account)
        return found[0].name if found else account

    def typed(self) -> Mapping[str, Sequence[str]] | None:
        """Return the fields of this page's form that were kept over a sign-in, if any."""
        key = request.cookies.get(cookies.KEPT, "")
        if not key or "kept" not in request.args:
            return None
        found = self.kept_forms.find(key, self.account().account)
        return found[1] if found and urlsplit(found[0]).path == request.path else None

    def form_fields(self, path: str = "") -> Markup:
        """Return the hidden fields of every form; ``path`` is the page that shows it again."""
        account = self.account().account if self.is_signed_in() else ""
        field = Markup('<input type="hidden" name="{}" value="{}">')
        return Markup("").join(
            (
                field.format("form_token", cookies.form_token(self._form_cookie())),
                field.format("form_account", account),
                field.format("form_path", path or request.path),
            )
        )

    def _form_cookie(self) -> str:
        if self.is_signed_in():
            return request.cookies.get(cookies.SESSION, "")
        if g.visit is None:
            g.visit = request.cookies.get(cookies.VISIT) or secrets.token_urlsafe(24)
        return str(g.visit)

    def signed_in(self, account: Account, address: str) -> AnyResponse:
        """Open a session, under a new token always, and go on where the person was going."""
        if g.session is not None:
            self.sessions.end(g.session)
        token = self.sessions.open(account.account, self.language(), address)
        goal = safe_path(request.form.get("next", "/"))
        key = request.cookies.get(cookies.KEPT, "")
        found = self.kept_forms.find(key, account.account) if key else None
        if found:
            goal = _asked(found[0], kept=1)
        response = make_response(redirect(goal, 303))
        cookies.put(response, cookies.SESSION, token)
        cookies.drop(response, cookies.VISIT)
        return response

    def _before(self, app: Flask) -> AnyResponse | None:
        g.session = g.visit = None
        g.language = choose(list(request.accept_languages))
        if request.endpoint in {"static", "health"}:
            return None
        token = request.cookies.get(cookies.SESSION, "")
        found = self.sessions.find(token) if token else None
        g.session = found if found and found.live else None
        self._choose_language(found)
        view = app.view_functions.get(request.endpoint or "")
        guard = getattr(view, GUARD, None)
        if view is None:
            return None
        if request.method not in {"GET", "HEAD"}:
            refused = self._check_form(token if g.session else "", found, guard)
            if refused is not None:
                return refused
        return None if guard == OPEN else self._check_guard(guard)

    def _after(self, response: Response) -> Response:
        if g.get("visit") is not None:
            cookies.put(response, cookies.VISIT, g.visit)
        # What was kept over a sign-in has now been sent.
        key = request.cookies.get(cookies.KEPT, "")
        if key and g.get("form_sent", False):
            self.kept_forms.forget(key)
            cookies.drop(response, cookies.KEPT)
        return response

    def _choose_language(self, found: Session | None) -> None:
        wanted = found.language if found else request.cookies.get(cookies.LANGUAGE, "")
        if wanted in LANGUAGES:
            g.language = wanted

    def _check_guard(self, guard: Permission | None) -> AnyResponse | None:
        if guard is None:
            abort(403)
        if g.session is None:
            goal = request.full_path.rstrip("?") if request.method == "GET" else "/"
            return redirect(f"/sign-in?{urlencode({'next': goal})}", 303)
        if not g.session.account.may(guard):
            abort(403)
        return None

    def _check_form(self, token: str, found: Session | None, guard: object) -> AnyResponse | None:
        cookie = token or (request.cookies.get(cookies.VISIT, "") if guard == OPEN else "")
        if cookies.is_same_origin() and cookies.is_form_of(cookie):
            g.form_sent = guard != OPEN
            return None
        if not cookies.is_same_origin() or (g.session is not None and guard == OPEN):
            abort(400)
        if found is None or guard == OPEN:
            return redirect("/sign-in?ended=1", 303)
        return self._keep(found, owner=request.form.get("form_account", ""))

    def _keep(self, found: Session, owner: str) -> AnyResponse:
        # The form was made under another session: of the same person, or it is not kept.
        if found.account.account != owner:
            abort(400)
        fields = {
            name: values for name, values in request.form.lists() if not name.startswith("form_")
        }
        path = safe_path(request.form.get("form_path", request.path))
        key = self.kept_forms.keep(owner, path, fields) if fields else ""
        kept = {"kept": 1} if key else {}
        goal = _asked(path, **kept) if found.live else _asked("/sign-in", ended=1, **kept)
        response = make_response(redirect(goal, 303))
        if key:
            cookies.put(response, cookies.KEPT, key)
        return response
