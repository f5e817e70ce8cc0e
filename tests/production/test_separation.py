"""Only the inside dials: the whole system across three networks, behind the shipped rules."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deploy.local.process import ProcessFailed
from tests.production.bookings import Bookings, Meanwhile
from tests.production.checked import Checked, Checks
from tests.production.clerk_inside import look
from tests.production.listening import listening
from tests.production.separated import Separated, separated
from tests.production.three_networks import dropped, load
from tests.servers.promises import Shows

SECONDS_MAX = 60.0
VERIFY = ("evidence", "verify", "--route", "ticketing", "--json")
OPEN = ("in flight", "awaited")
EDITIONS = ("Agents.1.xml", "Offers.1.xml")
NO_RULES = "delete table inet lupu"
# Where things listen on the internet that a captured machine of the DMZ would like to reach.
OUT_THERE = [53, 80, 443, 5671]
# A rule of the inside that is taken out, or two, and the way that is open then.
OPENED = {
    "what comes from the DMZ": (
        (("jump from_dmz", "accept"),),
        "a SYN gets to the inside at 10.10.2.1 {inside_port}",
    ),
    "what comes from the DMZ, and what is answered": (
        (("jump from_dmz", "accept"), ("jump to_dmz", "accept")),
        "the inside answers at 10.10.2.1 {inside_port}",
    ),
    "that it was dialled from here": (
        (("ct state established ct direction reply accept", "accept"),),
        "a SYN gets to the inside at 10.10.2.1 {inside_port}",
    ),
    "what is handed on from the DMZ": (
        (
            (
                "dmz jump to_dmz\n        iifname @dmz jump from_dmz",
                "dmz accept\n iifname @dmz accept",
            ),
        ),
        "a SYN gets to the inside at 10.10.2.2 {inside_port}",
    ),
    "IPv6": (
        (("iifname @dmz jump from_dmz", "meta nfproto ipv6 accept"),),
        "a SYN gets to the inside at fd10:2::1 {staff_port}",
    ),
}


def figures(found: Checked, so_far: Meanwhile) -> dict[str, int]:
    """Return what came of knocking while agencies booked."""
    return {
        "came_to_its_door": found.came,
        "got_past": found.past,
        "answered_meanwhile": so_far.asked,
    }


@pytest.fixture(scope="module")
def across(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Separated]:
    """Offer the whole system, running across three networks."""
    with separated(tmp_path_factory.mktemp("separated")) as running:
        yield running


@pytest.fixture(scope="module")
def checks(across: Separated) -> Checks:
    """Offer what knocks, with witnesses behind every firewall."""
    return Checks(across)


@pytest.fixture(scope="module")
def bookings(across: Separated) -> Bookings:
    """Offer an agency on the internet."""
    return Bookings(across)


@pytest.mark.promise(3)
def test_everything_works_across_the_rules(
    across: Separated, bookings: Bookings, checks: Checks, shows: Shows
) -> None:
    """Agents book, staff see it, editions reach the gateways and the books are compared."""
    outcomes, wrong = bookings.live(0)
    others, wrong_too = bookings.live(1)
    assert [*wrong, *wrong_too] == []
    reference = outcomes[1]["answer"]["Booking"]["BookingReference"]
    page = _seen_by_staff(across, reference)
    assert reference in page
    assert "Test Travel" in page
    system = across.system.stack
    places = system.places
    gateways = [places.folder / "snapshots" / one for one in system.components.gateways]
    editions = [
        edition for folder in gateways for edition in EDITIONS if (folder / edition).exists()
    ]
    assert len(editions) == len(gateways) * len(EDITIONS)
    port = places.outside_port
    assert f"the DMZ answers at 10.10.1.1 {port}" in checks.from_the_desk().ways
    compared = _compared(across)
    shows(
        operations_across_the_rules=len(outcomes) + len(others),
        wrong_answers=0,
        editions_at_gateways=len(editions),
        requests_compared=compared,
    )


@pytest.mark.promise(3)
def test_nothing_can_open_a_connection_into_the_inside(
    bookings: Bookings, checks: Checks, shows: Shows
) -> None:
    """Whatever is thrown at the inside from DMZ and internet, nothing gets past, and all works."""
    with bookings.meanwhile() as so_far:
        found = checks.into_the_inside()
    assert found.ways == []
    assert found.came > found.sent * 0.4, "what the DMZ throws comes to the door"
    assert (so_far.wrong, so_far.asked > 0) == ([], True)
    shows(packets_thrown_at_the_inside=found.sent, **figures(found, so_far))


@pytest.mark.promise(3)
def test_the_inside_needs_no_help_of_the_dmz(
    across: Separated, bookings: Bookings, checks: Checks, shows: Shows
) -> None:
    """With the DMZ in other hands, its rules gone, nothing gets past into the inside either."""
    load(across.networks.dmz, NO_RULES)
    try:
        with bookings.meanwhile() as so_far:
            found = checks.into_the_inside()
        counted = dropped(across.networks.inside, "from_dmz")
    finally:
        across.restore()
    assert found.ways == []
    assert bookings.live()[1] == [], "rules loaded anew break nothing"
    assert found.came > found.sent * 0.9, "what the internet throws comes to the door too"
    assert counted > found.came * 0.9, "the operator's counter says so"
    assert (so_far.wrong, so_far.asked > 0) == ([], True)
    shows(thrown_through_a_captured_dmz=found.sent, **figures(found, so_far))


@pytest.mark.promise(3)
def test_the_dmz_dials_nobody_and_takes_agents_alone(
    across: Separated, checks: Checks, tmp_path: Path, shows: Shows
) -> None:
    """From the internet only HTTPS comes into the DMZ, and from the DMZ nothing goes out."""
    with listening(across.networks.internet, OUT_THERE, tmp_path):
        out, into = checks.out_of_the_dmz(OUT_THERE), checks.into_the_dmz()
    assert out.ways == []
    assert into.ways == []
    assert into.came > into.sent * 0.8
    shows(dialled_out_of_the_dmz=out.sent, got_out=out.past, ports_open_to_the_internet=1)


@pytest.mark.promise(3)
def test_the_inside_dials_the_broker_alone(
    across: Separated, checks: Checks, shows: Shows
) -> None:
    """From the inside nothing goes out but to the outside broker's port, whatever the DMZ lets."""
    with _opened(across, "dmz"):
        load(across.networks.dmz, NO_RULES)
        found = checks.out_of_the_inside()
    assert found.ways == []
    shows(other_doors_tried_from_the_inside=found.sent, got_out=found.past)


@pytest.mark.parametrize("rule", OPENED)
def test_a_way_into_the_inside_is_named(across: Separated, checks: Checks, rule: str) -> None:
    """With a rule of the inside taken out, the same check names the way that is open then."""
    replaced, way = OPENED[rule]
    places = across.system.stack.places
    with _opened(across, "inside", *replaced):
        load(across.networks.dmz, NO_RULES)
        ways = checks.into_the_inside(wide=False).ways
    named = way.format(inside_port=places.inside_port, staff_port=places.staff_port)
    assert named in ways, ways


def test_a_way_out_of_the_dmz_is_named(across: Separated, checks: Checks, tmp_path: Path) -> None:
    """With a rule of the DMZ taken out, the same check names whom it can dial."""
    opened = (("jump to_internet", "accept"), ("jump from_internet", "accept"))
    with listening(across.networks.internet, OUT_THERE, tmp_path), _opened(across, "dmz", *opened):
        ways = checks.out_of_the_dmz(OUT_THERE).ways
    assert "the internet answers at 203.0.113.2 443" in ways, ways


def test_a_way_into_the_dmz_is_named(across: Separated, checks: Checks) -> None:
    """With a rule of the DMZ taken out, the same check names what can be reached there."""
    with _opened(across, "dmz", ("jump from_internet", "accept")):
        ways = checks.into_the_dmz().ways
    port = across.system.stack.places.outside_port
    assert f"a SYN gets to the DMZ at 10.10.1.1 {port}" in ways, ways


def test_a_way_out_of_the_inside_is_named(across: Separated, checks: Checks) -> None:
    """With a rule of the inside taken out, the same check names what else it can dial."""
    with _opened(across, "inside", ("jump to_dmz", "accept")):
        load(across.networks.dmz, NO_RULES)
        ways = checks.out_of_the_inside().ways
    port = across.system.stack.places.agents_port
    assert f"a SYN gets to the DMZ at 203.0.113.1 {port}" in ways, ways


@contextmanager
def _opened(across: Separated, zone: str, *replaced: tuple[str, str]) -> Iterator[None]:
    """Have other words in the rules of a zone until the block ends."""
    network, rules = {
        "dmz": (across.networks.dmz, across.dmz_rules),
        "inside": (across.networks.inside, across.inside_rules),
    }[zone]
    for words, instead in replaced:
        assert words in rules
        rules = rules.replace(words, instead)
    load(network, rules)
    try:
        yield
    finally:
        across.restore()


def _compared(across: Separated) -> int:
    """Return how many requests evidence has compared, once the gateways' books are here."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        with suppress(ProcessFailed):  # its status says so while something is not fine
            totals = json.loads(across.system.stack.lupu("inside", *VERIFY))["totals"].values()
            if totals and not any(total.get(one) for total in totals for one in OPEN):
                return sum(count for total in totals for count in total.values())
        time.sleep(0.5)
    raise AssertionError("the books did not come")


def _seen_by_staff(across: Separated, reference: str) -> str:
    system = across.system
    named = ("--full-name", "王小明", "--role", "clerk")
    said = system.stack.lupu("inside", "staff", "add", "clerk", *named)
    return look(
        across.networks.desk,
        reference,
        url=system.stack.places.staff_url,
        ca_file=str(system.ca_file),
        account="clerk",
        password=said.rpartition("password ")[2].strip(),
    )
