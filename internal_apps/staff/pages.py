"""The shell's own pages: sign-in and out, language, one's own account, the accounts."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from internal_apps.staff import cookies
from internal_apps.staff.accounts import Accounts
from internal_apps.staff.door import FORGIVEN, SIGNED_IN, TOO_MANY, WRONG, Door, Tried
from internal_apps.staff.languages import LANGUAGES, sentence
from internal_apps.staff.passwords import Passwords
from internal_apps.staff.roles import MAY, WORDS, Permission, Role
from internal_apps.staff.shell import Shell, open_to_all, requires, safe_path

SIGN_INS_SHOWN = 50
PLACE = re.compile("[0-9]{1,18}")
OUTCOMES = {
    SIGNED_IN: sentence("signed in"),
    WRONG: sentence("wrong password or account"),
    TOO_MANY: sentence("one try too many"),
    FORGIVEN: sentence("wrong, no longer counted"),
}

Page = Response | str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the shell's pages work with."""

    shell: Shell
    door: Door
    accounts: Accounts
    passwords: Passwords
    start: Callable[[], str]


def pages(desk: Desk) -> Blueprint:
    """Return the blueprint of the shell's own pages."""
    blueprint = Blueprint("staff", __name__, template_folder="templates")
    _coming_and_going(blueprint, desk)
    _own_account(blueprint, desk)
    _people(blueprint, desk)
    return blueprint


def _coming_and_going(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/")
    @requires(Permission.OWN_ACCOUNT)
    def start() -> Page:
        return redirect(desk.start(), 303)

    @blueprint.get("/sign-in")
    @open_to_all
    def sign_in() -> Page:
        return render_template("staff/sign_in.html", goal=safe_path(request.args.get("next", "/")))

    @blueprint.post("/sign-in")
    @open_to_all
    def try_in() -> Page:
        return _try_in(desk)

    @blueprint.post("/sign-out")
    @requires(Permission.OWN_ACCOUNT)
    def sign_out() -> Page:
        desk.shell.sessions.end(desk.shell.session())
        response = make_response(redirect("/sign-in?out=1", 303))
        cookies.put(
            response,
            cookies.LANGUAGE,
            desk.shell.language(),
            seconds=cookies.LANGUAGE_SECONDS,
        )
        cookies.drop(response, cookies.SESSION)
        return response

    @blueprint.post("/language")
    @open_to_all
    def speak() -> Page:
        return _speak(desk.shell)


def _try_in(desk: Desk) -> Page:
    typed, password = request.form.get("account", ""), request.form.get("password", "")
    address = request.remote_addr or ""
    tried = desk.door.try_in(typed, password, address)
    if tried.account is not None:
        return desk.shell.signed_in(tried.account, address)
    text = render_template(
        "staff/sign_in.html",
        goal=safe_path(request.form.get("next", "/")),
        typed=typed[:32],
        wait_minutes=tried.wait_minutes,
        wrong=not tried.wait_seconds,
    )
    return _one_too_many(text, tried) if tried.wait_seconds else make_response(text, 401)


def _one_too_many(text: str, tried: Tried) -> Page:
    page = make_response(text, 429)
    page.headers["Retry-After"] = str(tried.wait_seconds)
    return page


def _speak(shell: Shell) -> Page:
    language = request.form.get("language", "")
    response = make_response(redirect(safe_path(request.form.get("next", "/")), 303))
    if language in LANGUAGES:
        cookies.put(response, cookies.LANGUAGE, language, seconds=cookies.LANGUAGE_SECONDS)
        if shell.is_signed_in():
            shell.sessions.speak(shell.session(), language)
    return response


def _own_account(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/account")
    @requires(Permission.OWN_ACCOUNT)
    def account() -> Page:
        return render_template("staff/account.html", changed="changed" in request.args)

    @blueprint.post("/account")
    @requires(Permission.OWN_ACCOUNT)
    def change_password() -> Page:
        return _change_password(desk)


def _change_password(desk: Desk) -> Page:
    account, address = desk.shell.account(), request.remote_addr or ""
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _not_changed(sentence("The new password was not typed the same way twice."))
    tried = desk.door.try_in(account.account, request.form.get("password", ""), address)
    if tried.wait_seconds:
        text = render_template("staff/account.html", wait_minutes=tried.wait_minutes)
        return _one_too_many(text, tried)
    if tried.account is None:
        return _not_changed(sentence("That is not your present password."))
    try:
        desk.accounts.set_password(account.account, desk.passwords.hash(new))
    except ValueError:
        return _not_changed(sentence("A password has 12 to 200 characters."))
    response = desk.shell.signed_in(account, address)
    response.headers["Location"] = url_for("staff.account", changed=1)
    return response


def _not_changed(error: str) -> Page:
    return make_response(render_template("staff/account.html", error=error), 422)


def _people(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/accounts")
    @requires(Permission.ACCOUNTS_SEE)
    def accounts() -> Page:
        present: dict[str, list[object]] = {}
        for session in desk.shell.sessions.present():
            present.setdefault(session.account, []).append(session)
        return render_template(
            "staff/accounts.html",
            accounts=desk.accounts.all(),
            present=present,
            roles=list(Role),
            may=MAY,
            word=WORDS,
            permissions=list(Permission),
        )

    @blueprint.post("/accounts/<account>/end-sessions")
    @requires(Permission.SESSIONS_END)
    def end_sessions(account: str) -> Page:
        desk.shell.sessions.end_all(account)
        return redirect(url_for("staff.accounts"), 303)

    @blueprint.get("/sign-ins")
    @requires(Permission.SIGN_INS_SEE)
    def sign_ins() -> Page:
        after, before = _number("after"), _number("before")
        page = desk.door.tries(SIGN_INS_SHOWN, after=after, before=before)
        newer = page.newer and url_for(".sign_ins", before=page.newer)
        return render_template(
            "staff/sign_ins.html",
            page=page,
            outcomes=OUTCOMES,
            older=page.older and url_for(".sign_ins", after=page.older),
            newer=newer,
            newest=url_for(".sign_ins") if newer else "",
        )


def _number(name: str) -> int | None:
    """Return a number of the address, None where it has none that makes sense."""
    text = request.args.get(name, "")
    return int(text) if PLACE.fullmatch(text) else None
