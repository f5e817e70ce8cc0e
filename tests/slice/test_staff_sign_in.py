"""The door of the staff's web: sign-in, sessions, their ends, and forms of other origins."""

import pytest
import sqlalchemy as sa

from internal_apps.staff import cookies
from internal_apps.staff.tables import accounts, sessions
from tests.slice.staff_visitor import SITE, Visitor
from tests.slice.staff_world import PASSWORD, StaffWorld


def test_signing_in_leads_to_where_one_was_going(world: StaffWorld) -> None:
    """Who opens a page without a session signs in and is on that page."""
    visitor = Visitor(world)
    visitor.get("/bookings?state=HELD")
    assert "Sign in" in visitor.text()
    page = visitor.send("/sign-in", account="wang", password=PASSWORD)
    assert page.request.path == "/bookings"
    assert page.request.args["state"] == "HELD"


def test_the_way_back_never_leaves_the_site(world: StaffWorld) -> None:
    """A sign-in link cannot send anybody to another site."""
    elsewhere = ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x")
    for goal in (*elsewhere, "/\t/evil.example", "/\u202eelpmaxe"):
        visitor = Visitor(world)
        visitor.get("/sign-in")
        values = {**visitor.hidden("/sign-in"), "account": "wang", "password": PASSWORD}
        page = visitor.post("/sign-in", {**values, "next": goal}, follow=False)
        assert page.status_code == 303
        assert page.headers["Location"] == "/"


def test_unknown_account_and_wrong_password_look_alike(world: StaffWorld) -> None:
    """Nobody can find out by trying which accounts there are."""
    answers = []
    for account in ("wang", "nobody"):
        page = Visitor(world).sign_in(account, "not the password")
        answers.append((page.status_code, "do not go together" in page.text))
    assert answers == [(401, True)] * 2


def test_the_database_holds_no_token(world: StaffWorld) -> None:
    """Who reads the sessions' table cannot take over a session."""
    visitor = Visitor(world)
    visitor.sign_in()
    cookie = visitor.client.get_cookie(cookies.SESSION, domain="localhost")
    assert cookie is not None
    assert cookie.secure
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    with world.database.reading() as connection:
        stored = connection.execute(sa.select(sessions.c.token_hash)).scalars().all()
    assert cookie.value not in stored
    assert len(stored[0]) == 64


@pytest.mark.parametrize("seconds", [1_801, 43_201])
def test_a_session_ends_by_itself(world: StaffWorld, seconds: int) -> None:
    """Left alone for half an hour, or after twelve hours of work, one signs in again."""
    visitor = Visitor(world)
    visitor.sign_in()
    step = 600 if seconds > 1_801 else seconds
    for _ in range(0, seconds, step):
        world.clock.move(seconds=step)
        visitor.get("/bookings")
    assert visitor.page is not None
    assert visitor.page.request.path == "/sign-in"


def test_disabling_and_a_new_password_end_sessions_at_once(world: StaffWorld) -> None:
    """An account that is disabled, or whose password is set anew, is out with its next page."""
    visitor = Visitor(world)
    visitor.sign_in()
    world.accounts.disable("wang")
    assert visitor.get("/bookings").request.path == "/sign-in"
    assert visitor.sign_in().status_code == 401
    world.accounts.enable("wang")
    assert visitor.sign_in().status_code == 200
    world.accounts.set_password("wang", world.passwords.hash("another password"))
    assert visitor.get("/bookings").request.path == "/sign-in"


def test_who_is_disabled_past_the_program_is_out_too(world: StaffWorld) -> None:
    """Each page asks the account itself: a session that nobody has ended lets nobody in."""
    visitor = Visitor(world)
    visitor.sign_in()
    with world.database.begin() as connection:
        connection.execute(accounts.update().values(disabled_at=world.clock.now()))
    assert visitor.get("/bookings").request.path == "/sign-in"


def test_signing_out_ends_the_session_itself(world: StaffWorld) -> None:
    """A cookie that was copied is worth nothing after signing out."""
    visitor = Visitor(world)
    visitor.sign_in()
    cookie = visitor.client.get_cookie(cookies.SESSION, domain="localhost")
    assert cookie is not None
    visitor.send("/sign-out")
    visitor.client.set_cookie(cookies.SESSION, cookie.value, domain="localhost", secure=True)
    assert visitor.get("/bookings").request.path == "/sign-in"


def test_signing_in_anew_ends_the_session_before(world: StaffWorld) -> None:
    """A cookie that was known before, to whomever, is worth nothing afterwards."""
    visitor, other = Visitor(world), Visitor(world)
    visitor.sign_in()
    cookie = visitor.client.get_cookie(cookies.SESSION, domain="localhost")
    assert cookie is not None
    visitor.sign_in()
    assert visitor.get("/bookings").request.path == "/bookings"
    other.client.set_cookie(cookies.SESSION, cookie.value, domain="localhost", secure=True)
    assert other.get("/bookings").request.path == "/sign-in"


def test_nobody_is_signed_in_by_another_site(world: StaffWorld) -> None:
    """The form of the sign-in is ours too: nobody works unawares in an account of another."""
    visitor = Visitor(world)
    visitor.get("/sign-in")
    right = {"account": "wang", "password": PASSWORD}
    for token in ({}, {"form_token": "0" * 64}):
        visitor.post("/sign-in", {**right, **token})
        assert visitor.client.get_cookie(cookies.SESSION, domain="localhost") is None
    assert visitor.send("/sign-in", **right).request.path == "/bookings"


def test_a_browser_that_names_no_origin_says_whence_a_form_comes(world: StaffWorld) -> None:
    """What it says itself of another site counts as its origin would."""
    visitor = Visitor(world)
    visitor.sign_in()
    visitor.get("/account")
    fields = visitor.hidden("/sign-out")
    for whence, status in (("cross-site", 400), ("same-site", 400), ("same-origin", 303)):
        page = visitor.client.post(
            "/sign-out", base_url=SITE, data=fields, headers={"Sec-Fetch-Site": whence}
        )
        assert page.status_code == status


def test_forms_of_other_sites_are_refused(world: StaffWorld) -> None:
    """A form without our token, or from another origin, does nothing."""
    visitor = Visitor(world)
    visitor.sign_in()
    visitor.get("/account")
    fields = visitor.hidden("/sign-out")
    forged = {**fields, "form_token": "0" * 64, "form_account": "chen"}
    assert visitor.post("/sign-out", forged).status_code == 400
    assert visitor.post("/sign-out", fields, origin="https://evil.example").status_code == 400
    assert visitor.get("/bookings").request.path == "/bookings"
    assert visitor.post("/sign-out", fields).request.path == "/sign-in"


def test_one_changes_the_own_password(world: StaffWorld) -> None:
    """The present password is asked for; other sessions end, this one goes on."""
    visitor, elsewhere = Visitor(world), Visitor(world)
    visitor.sign_in()
    elsewhere.sign_in()
    visitor.get("/account")
    new = {"new": "a brand new one", "again": "a brand new one"}
    assert visitor.send("/account", password="wrong", **new).status_code == 422  # noqa: S106
    assert (
        visitor.send("/account", password=PASSWORD, new="short", again="short").status_code == 422
    )
    assert "is changed" in visitor.send("/account", password=PASSWORD, **new).text
    assert elsewhere.get("/bookings").request.path == "/sign-in"
    assert visitor.sign_in(password=new["new"]).status_code == 200


def test_every_answer_carries_the_security_headers(world: StaffWorld) -> None:
    """No page may be framed, stored, guessed at or filled from elsewhere."""
    visitor = Visitor(world)
    for path in ("/sign-in", "/nowhere", "/bookings", "/static/lupu.css"):
        with visitor.client.get(path, base_url=SITE) as page:
            headers = page.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        stored = "immutable" if path.startswith("/static") else "no-store"
        assert stored in headers["Cache-Control"]
