"""Who may do what at the staff's pages: every route, every role."""

import re
from pathlib import Path

import pytest

from internal_apps.staff.pages import SIGN_INS_SHOWN
from internal_apps.staff.roles import MAY, Permission, Role
from internal_apps.staff.shell import GUARD, OPEN
from tests.slice.staff_visitor import Visitor
from tests.slice.staff_world import PEOPLE, StaffWorld, staff_world

OPEN_VIEWS = {"health", "staff.sign_in", "staff.try_in", "staff.speak"}
ACCOUNT_OF = {role: account for account, (_, role) in PEOPLE.items() if account != "chen"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> StaffWorld:
    """Offer a staff web."""
    return staff_world(tmp_path_factory.mktemp("roles"))


def test_every_route_has_a_guard(world: StaffWorld) -> None:
    """Each view says for whom it is; only sign-in, language and health are open to all."""
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        guard = getattr(world.app.view_functions[rule.endpoint], GUARD, None)
        assert guard is not None, rule
        assert (guard == OPEN) == (rule.endpoint in OPEN_VIEWS), rule


def test_a_view_without_a_guard_is_never_run(tmp_path: Path) -> None:
    """Forgetting the guard shows nothing to anybody."""
    world = staff_world(tmp_path)
    world.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    visitor = Visitor(world)
    visitor.sign_in()
    page = visitor.get("/forgotten")
    assert page.status_code == 403
    assert "secret" not in page.text


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_the_table_says(world: StaffWorld, role: Role) -> None:
    """Every page and form asks the table: 403 for exactly what the role may not do."""
    visitor = Visitor(world)
    visitor.sign_in(ACCOUNT_OF[role])
    visitor.get("/account")
    fields = visitor.hidden("/account")
    for rule in world.app.url_map.iter_rules():
        guard = getattr(world.app.view_functions.get(rule.endpoint), GUARD, OPEN)
        if guard == OPEN or rule.endpoint == "staff.sign_out":
            continue
        path = re.sub(r"<[^>]*>", "nobody", rule.rule)
        if "GET" in (rule.methods or set()):
            page = visitor.client.get(path, base_url="https://localhost")
        else:
            page = visitor.post(path, fields, follow=False)
        allowed = Permission(guard) in MAY[role]
        assert (page.status_code == 403) == (not allowed), (role, rule, page.status_code)


@pytest.mark.parametrize("role", list(Role))
def test_the_menu_offers_only_what_one_may(world: StaffWorld, role: Role) -> None:
    """Nobody is shown an entry that would say no; each lands on a page of theirs."""
    visitor = Visitor(world)
    assert visitor.sign_in(ACCOUNT_OF[role]).status_code == 200
    page = visitor.get("/account")
    menu = re.search(r'<nav class="menu".*?</nav>', page.text, re.DOTALL)
    links = re.findall(r'href="([^"]+)"', menu[0]) if menu else []
    assert links
    for link in links:
        assert visitor.get(link).status_code == 200


def test_a_supervisor_signs_others_out(world: StaffWorld) -> None:
    """Who is signed in can be seen, and ended, by those who may."""
    clerk, supervisor = Visitor(world, "10.7.7.7"), Visitor(world)
    clerk.sign_in("chen")
    supervisor.sign_in("smith")
    assert "10.7.7.7" in supervisor.get("/accounts").text
    supervisor.send("/accounts/chen/end-sessions")
    assert clerk.get("/bookings").request.path == "/sign-in"


def test_sign_ins_are_kept_for_the_auditor_without_what_was_typed(world: StaffWorld) -> None:
    """Tries are listed with time and outcome; a name that is no account is never shown."""
    Visitor(world, "10.6.6.6").sign_in("my-secret-password", "x")
    auditor = Visitor(world)
    auditor.sign_in("audit")
    page = auditor.get("/sign-ins")
    assert "10.6.6.6" in page.text
    assert "my-secret-password" not in page.text


def test_the_auditor_sees_which_account_is_being_tried(world: StaffWorld) -> None:
    """Also where the door was shut already, and the password was not looked at."""
    tries = [Visitor(world, "10.6.0.1").sign_in("chen", "x").status_code for _ in range(9)]
    assert tries[-1] == 429
    auditor = Visitor(world, "10.6.0.2")
    auditor.sign_in("audit")
    auditor.get("/sign-ins")
    assert auditor.text().count("chen 10.6.0.1") == 9


def _addresses(auditor: Visitor, path: str) -> list[str]:
    auditor.get(path)
    return re.findall(r"10\.5\.0\.\d+", auditor.text())


def test_every_try_can_be_reached_page_by_page(world: StaffWorld) -> None:
    """From the newest to the oldest and back, none left out and none shown twice."""
    auditor = Visitor(world, "10.5.5.5")
    auditor.sign_in("audit")
    tried = [f"10.5.0.{number}" for number in range(2 * SIGN_INS_SHOWN + 5)]
    for address in tried:
        Visitor(world, address).sign_in("wang", "x")
    shown = [_addresses(auditor, "/sign-ins")]
    assert (auditor.link("prev"), auditor.link("first")) == ("", "")
    while len(shown) < 3:
        shown.append(_addresses(auditor, auditor.link("next")))
    assert [address for page in shown for address in page] == tried[::-1]
    assert _addresses(auditor, auditor.link("prev")) == shown[1]
    assert _addresses(auditor, auditor.link("prev")) == shown[0]
    for place in ("x", "-1", "9" * 30, ""):
        assert _addresses(auditor, f"/sign-ins?after={place}&before={place}") == shown[0]
