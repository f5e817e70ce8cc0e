"""ListOffers and health: answered from snapshots, also while the inside is away."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.published import Edition
from tests.slice.gateway_answers import document, fault
from tests.slice.gateway_requests import envelope, list_offers, place_booking, text_token
from tests.slice.gateway_world import SCHEMAS, World, gateway, hours_ago


def offers_document(version: int = 1, at: datetime | None = None) -> bytes:
    """Return a published Offers document."""
    types = [
        {"TicketType": "STANDARD", "NameEn": "Standard & <day>", "NameZh": "平日普通票",
         "Visits": 1, "GroupOnly": False},
        {"TicketType": "EVENING", "NameEn": "Evening", "NameZh": "夜票", "Visits": 1,
         "EntryFrom": "17:00:00", "GroupOnly": False},
        {"TicketType": "GROUP", "NameEn": "Group", "NameZh": "团体票", "Visits": 1,
         "GroupOnly": True},
    ]  # fmt: skip
    series = [
        _series("STANDARD", "AGENT", [5, 0, -1, -2]),
        _series("STANDARD", "STAFF", [99]),
        _series("EVENING", "AGENT", [7]),
        _series("GROUP", "AGENT", [3]),
    ]
    values = {
        "Version": version,
        "PublishedAt": at or datetime.now(UTC),
        "OfferedType": types,
        "Series": series,
    }
    return SCHEMAS.write("{urn:lupu:published:1}Offers", values)


def _series(kind: str, channel: str, left: list[int]) -> dict[str, Any]:
    return {
        "TicketType": kind,
        "Channel": channel,
        "PriceFen": 16_000,
        "Currency": "CNY",
        "FromDay": date(2010, 5, 4),
        "Left": left,
    }


def listed(world: World, inner: str = "", user: str = "1001") -> list[dict[str, Any]]:
    """Return the offers that ListOffers answers."""
    answer = document(world.post(envelope(list_offers(inner), text_token(user))))
    offers: Any = answer["Offers"]
    found: list[dict[str, Any]] = offers.get("Offer", [])
    return found


def test_offers_are_those_of_the_agents_channel(tmp_path: Path) -> None:
    """An agent sees its own channel, and group tickets only where it may sell them."""
    with gateway(tmp_path) as world:
        world.publish("Offers", offers_document())
        offers = listed(world)
        assert [(o["TicketType"], str(o["Day"]), o.get("Left")) for o in offers] == [
            ("STANDARD", "2010-05-04", 5),
            ("STANDARD", "2010-05-05", 0),
            ("STANDARD", "2010-05-06", None),
            ("EVENING", "2010-05-04", 7),
        ]
        assert offers[0]["NameEn"] == "Standard & <day>"
        assert offers[0]["NameZh"] == "平日普通票"
        assert str(offers[3]["EntryFrom"]) == "17:00:00"
        assert [o["TicketType"] for o in listed(world, user="1002")][-1] == "GROUP"
        assert world.seen == []


@pytest.mark.parametrize(
    ("inner", "count"),
    [
        ("<t:TicketType>STANDARD</t:TicketType>", 3),
        ("<t:TicketType>NOBODY</t:TicketType>", 0),
        ("<t:FromDay>2010-05-05</t:FromDay>", 2),
        ("<t:FromDay>2010-05-05+08:00</t:FromDay><t:ToDay>2010-05-05</t:ToDay>", 1),
        ("<t:ToDay>2010-05-04</t:ToDay>", 2),
        ("<t:FromDay>2010-05-06</t:FromDay><t:ToDay>2010-05-04</t:ToDay>", 0),
    ],
)
def test_offers_can_be_filtered(tmp_path: Path, inner: str, count: int) -> None:
    """By ticket type, from a day on, up to a day."""
    with gateway(tmp_path) as world:
        world.publish("Offers", offers_document())
        assert len(listed(world, inner)) == count


def test_a_day_that_no_calendar_holds_is_schema_invalid(tmp_path: Path) -> None:
    """A year beyond 9999 is valid XML Schema and still refused by a fault."""
    with gateway(tmp_path) as world:
        world.publish("Offers", offers_document())
        answer = world.post(envelope(list_offers("<t:FromDay>12010-05-05</t:FromDay>")))
        assert fault(answer).code == "SCHEMA_INVALID"


def test_offers_that_are_not_there_yet_are_a_fault(tmp_path: Path) -> None:
    """Before anything was published the answer is OFFERS_NOT_KNOWN, to be retried."""
    with gateway(tmp_path) as world:
        refused = fault(world.post(envelope(list_offers())))
    assert (refused.element, refused.code) == ("NotAccepted", "OFFERS_NOT_KNOWN")
    assert refused.values["Retryable"] is True


def test_a_restart_while_the_inside_is_away_serves_the_last_snapshot(tmp_path: Path) -> None:
    """Started while the broker is away the gateway lists its last offers and says their age."""
    with gateway(tmp_path) as world:
        world.publish("Offers", offers_document(at=hours_ago(2)))
    with gateway(tmp_path) as world:
        world.broker.up = False
        answer = document(world.post(envelope(list_offers())))
        age_seconds = answer["AgeSeconds"]
        assert isinstance(age_seconds, int)
        assert 7_200 <= age_seconds < 7_300
        health = world.open("GET", "/health")
        facts = json.loads(health.body)
        assert (health.status, facts["state"]) == (200, "snapshot")
        assert 7_200 <= facts["offers"]["age_seconds"] < 7_300


def test_health_says_accepting_while_the_broker_is_there(tmp_path: Path) -> None:
    """With agents known and the publisher ready HAProxy may send agents here."""
    with gateway(tmp_path) as world:
        health = world.open("GET", "/health")
        facts = json.loads(health.body)
    assert (health.status, facts["state"], facts["broker"]) == (200, "accepting", "ready")
    assert facts["agents"]["version"] == 1
    assert facts["offers"] is None


def test_a_mistake_of_our_own_is_a_fault_that_tells_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent gets a proper fault, nothing sent or unknown; the log names the request."""
    with gateway(tmp_path) as world:
        broken: Any = None
        world.served.offers._edition = Edition(1, datetime.now(UTC), broken)
        answer = world.post(envelope(list_offers()))
        assert (fault(answer).element, fault(answer).code) == ("NotAccepted", "INTERNAL")
        world.publisher.broken = True
        answer = world.post(envelope(place_booking()))
        assert fault(answer).element == "OutcomeUnknown"
        assert "secret" not in answer.text
        world.publisher.broken = False
        assert world.post(envelope(place_booking())).status == 200
    failed = [vars(record) for record in caplog.records if record.message == "gateway.failed"]
    assert [facts["operation"] for facts in failed] == ["ListOffers", "PlaceBooking"]
    assert failed[1]["request"].startswith("agent:1001/PlaceBooking/")
    # What a mistake says may be somebody's name: only its class and place are logged.
    assert all(facts["error"] and facts["place"] for facts in failed)
    assert [facts["exc_info"] for facts in failed] == [None, None]


def test_health_is_not_for_agents(tmp_path: Path) -> None:
    """What HAProxy passes on from outside learns nothing of the gateway's state."""
    with gateway(tmp_path) as world:
        answer = world.open("GET", "/health", environ={"HTTP_X_CLIENT_VERIFIED": "no"})
    assert answer.status == 404
    fault(answer)
