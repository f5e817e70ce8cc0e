"""A form that was typed when the session had ended is not lost, and not anybody else's."""

import html
from pathlib import Path

import pytest

from hub.ports import InboxState
from internal_apps.staff.kept_forms import KeptForms
from tests.slice.night import Night
from tests.slice.staff_visitor import STANDARD_LINE, Visitor
from tests.slice.staff_world import PASSWORD, StaffWorld

TYPED = {"kind": "GROUP", "name": "欧阳娜娜", "telephone": "021 6847 1234", **STANDARD_LINE}
EXPIRED_SECONDS = 1_900


def _late(world: StaffWorld, path: str = "/bookings/new") -> tuple[Visitor, str]:
    """Return a clerk who sent a form too late, and the form's token."""
    clerk = Visitor(world)
    clerk.sign_in()
    clerk.get(path)
    token = clerk.hidden(path)["token"]
    world.clock.move(seconds=EXPIRED_SECONDS)
    clerk.send(path, **TYPED)
    return clerk, token


def test_an_expired_session_keeps_the_form(world: StaffWorld) -> None:
    """Sign in again, and all that was typed is there, under the same token, and not yet sent."""
    clerk, token = _late(world)
    assert "nothing is lost" in clerk.text()
    page = clerk.send("/sign-in", account="wang", password=PASSWORD)
    assert "Here is what you had typed." in clerk.text()
    for value in ("欧阳娜娜", "021 6847 1234", "2010-06-10", token):
        assert f'value="{value}"' in page.text
    assert 'value="GROUP" checked' in page.text
    assert "no booking" not in clerk.text()
    clerk.send("/bookings/new", **{**TYPED, "kind": "INDIVIDUAL"})
    assert "The booking is made" in clerk.text()
    again = Visitor(world)
    again.client = clerk.client
    again.get("/sign-in")
    assert again.send("/sign-in", account="wang", password=PASSWORD).request.path == "/bookings"


def test_a_wrong_password_in_between_loses_nothing(world: StaffWorld) -> None:
    """The form waits until the sign-in succeeds."""
    clerk, _ = _late(world)
    clerk.send("/sign-in", account="wang", password="wrong")  # noqa: S106
    page = clerk.send("/sign-in", account="wang", password=PASSWORD)
    assert 'value="欧阳娜娜"' in page.text


def test_somebody_else_does_not_see_it(world: StaffWorld) -> None:
    """Who signs in next at the same computer is not shown what another typed."""
    clerk, _ = _late(world)
    page = clerk.send("/sign-in", account="chen", password=PASSWORD)
    assert page.request.path == "/bookings"
    assert "欧阳娜娜" not in clerk.get("/bookings/new?kept=1").text


def test_a_kept_change_keeps_the_version_it_was_made_for(world: StaffWorld) -> None:
    """What others did while one was signed out is still told."""
    clerk = Visitor(world)
    clerk.sign_in()
    reference = clerk.place()
    path = f"/bookings/{reference}/change"
    clerk.get(f"/bookings/{reference}")
    clerk.send(f"/bookings/{reference}/confirm")
    clerk.get(path)
    world.clock.move(seconds=EXPIRED_SECONDS)
    other = Visitor(world)
    other.sign_in("chen")
    other.get(path)
    changed = {"kind": "INDIVIDUAL", "name": "李小龙", "telephone": "021 5555 0000"}
    other.send(path, **changed, **STANDARD_LINE)
    clerk.send(path, **{**changed, "name": "王小明"}, **STANDARD_LINE)
    page = clerk.send("/sign-in", account="wang", password=PASSWORD)
    assert page.request.path == path
    assert 'value="王小明"' in page.text
    clerk.send(path, **{**changed, "name": "王小明"}, **STANDARD_LINE)
    assert "陈伟 changed this booking" in clerk.text()


def test_signing_in_again_in_another_tab_keeps_it_too(world: StaffWorld) -> None:
    """A form opened under one's earlier session is shown again, to be sent under the new one."""
    clerk, tab = Visitor(world), Visitor(world)
    clerk.sign_in()
    clerk.get("/bookings/new")
    fields = clerk.hidden("/bookings/new")
    tab.client = clerk.client
    tab.sign_in()
    page = clerk.post("/bookings/new", {**fields, **TYPED})
    assert "Here is what you had typed." in page.text
    assert 'value="欧阳娜娜"' in page.text


def test_a_form_of_another_person_is_not_taken(world: StaffWorld) -> None:
    """Somebody else signed in at the same browser: the old form does nothing in their name."""
    clerk, tab = Visitor(world), Visitor(world)
    clerk.sign_in()
    clerk.get("/bookings/new")
    fields = clerk.hidden("/bookings/new")
    tab.client = clerk.client
    tab.sign_in("chen")
    assert clerk.post("/bookings/new", {**fields, **TYPED}).status_code == 400


def test_a_long_correction_is_kept_too(tmp_path: Path) -> None:
    """A document of many thousand signs is there again, and why; it is proposed as typed."""
    night = Night(tmp_path)
    (name,) = night.park()
    path = f"/kept/parked/correct/{name}"
    document = night.messages[0].body.decode().replace("<Quantity>2<", "<Quantity>3<")
    document += f"<!-- 更正 {'x' * 20_000} -->"
    visitor = Visitor(night.staff)
    visitor.sign_in("oper")
    visitor.get(path)
    night.staff.clock.move(seconds=EXPIRED_SECONDS)
    visitor.send(path, document=document, why="three were meant")
    assert "nothing is lost" in visitor.text()
    page = visitor.send("/sign-in", account="oper", password=PASSWORD)
    assert "Here is what you had typed." in page.text
    assert document in html.unescape(page.text)
    assert not night.staff.work.corrections.waiting()
    visitor.send(path, document=document, why="three were meant")
    assert [one.why for one in night.staff.work.corrections.waiting()] == ["three were meant"]


@pytest.mark.parametrize("page", ["/kept/parked/message/{name}", "/kept?place=parked&kind={kind}"])
def test_the_reason_for_a_discard_is_kept_too(tmp_path: Path, page: str) -> None:
    """The same page or list is shown again with what was typed, and nothing has been done."""
    night = Night(tmp_path)
    (name,) = night.park()
    path = page.format(name=name, kind="ZeroDivisionError")
    visitor = Visitor(night.staff)
    visitor.sign_in("oper")
    visitor.get(path)
    form = visitor.hidden("/kept/parked/replay")
    night.staff.clock.move(seconds=EXPIRED_SECONDS)
    visitor.post("/kept/parked/discard", {**form, "why": "withdrawn by its agency"})
    shown = visitor.send("/sign-in", account="oper", password=PASSWORD)
    assert shown.request.path == path.partition("?")[0]
    assert 'value="withdrawn by its agency"' in shown.text
    assert "Here is what you had typed." in shown.text
    assert night.parking.state(night.messages[0]) is InboxState.PARKED
    visitor.send("/kept/parked/replay", why="x")
    assert "Handed over" in visitor.text()


def test_signing_out_too_late_keeps_nothing(world: StaffWorld) -> None:
    """Buttons without words of one's own are no form to be kept; one just signs in again."""
    clerk = Visitor(world)
    clerk.sign_in()
    for path in ("/sign-out", "/language"):
        clerk.get("/bookings/new")
        world.clock.move(seconds=EXPIRED_SECONDS)
        page = clerk.send(path)
        assert page.request.path == "/sign-in"
        clerk.send("/sign-in", account="wang", password=PASSWORD)
        assert "Here is what you had typed." not in clerk.text()


def test_a_form_too_large_is_refused(world: StaffWorld) -> None:
    """What no form of ours can be is not even read."""
    clerk = Visitor(world)
    clerk.sign_in()
    clerk.get("/bookings/new")
    assert clerk.send("/bookings/new", name="x" * 100_000).status_code == 413


def test_kept_forms_are_few(world: StaffWorld) -> None:
    """However often a form is sent too late, only the latest twenty are kept."""
    kept = KeptForms(world.database, world.clock)
    keys = []
    for number in range(25):
        world.clock.move(seconds=1)
        keys.append(kept.keep("wang", "/bookings/new", {"name": [f"n{number}"]}))
    found = [kept.find(key, "wang") for key in keys]
    assert [one is not None for one in found] == [False] * 5 + [True] * 20
    assert kept.keep("wang", "/bookings/new", {"name": ["x" * 65_537]}) == ""
    world.clock.move(seconds=7_201)
    assert kept.find(keys[-1], "wang") is None
