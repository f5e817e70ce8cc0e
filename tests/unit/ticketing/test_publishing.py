"""What is published: changed in the database by whatever program, at the gateways in seconds."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.database import Database
from adapters.xml import parse
from hub.envelope import Message
from hub.errors import InvalidBody, NotAllowed
from hub.messages import Lane, message_type
from internal_apps.ticketing import tables
from internal_apps.ticketing.agents import SIGNATURE, TLS, Agents, NewAgent
from internal_apps.ticketing.publisher import Publishing
from tests.unit.ticketing.world import JUNE, STANDARD_DAY, World

FINGERPRINT = "AB:" * 31 + "CD"


def _is_published(message: Message) -> bool:
    return message_type(message.type).lane is Lane.PUBLISHED


class Gateway:
    """What a gateway would know."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.newest: dict[str, dict[str, Any]] = {}
        self.publishing = Publishing(
            world.store,
            world.schemas,
            world.clock,
            interval_seconds=2,
            repeat_seconds=60,
            origin="ticketing-1",
            boot="b",
        )

    def look(self, seconds: float = 2) -> list[str]:
        """Let time pass and the chore run; return which topics were published."""
        self.world.clock.move(seconds=seconds)
        for chore in self.publishing.chores():
            chore()
        return [self._take(message) for message in self._sent() if _is_published(message)]

    def _sent(self) -> list[Message]:
        """Send all that waits, what others left in a shared database included."""
        sent: list[Message] = []
        while rows := self.world.store.unsent(100):
            self.world.store.mark_sent([number for number, _ in rows], self.world.clock.now())
            sent += [message for _, message in rows]
        return sent

    def _take(self, message: Message) -> str:
        topic = message.type.partition(".")[0]
        self.newest[topic] = self.world.schemas.values(parse(message.body))
        return topic

    def left(self, ticket_type: str, channel: str = "AGENCY") -> int | None:
        """Return what is left on the standard day."""
        for series in self.newest["Offers"]["Series"]:
            if (series["TicketType"], series["Channel"]) == (ticket_type, channel):
                left: int = series["Left"][(STANDARD_DAY - series["FromDay"]).days]
                return left
        return None

    def agent(self, number: str = "1001") -> dict[str, Any]:
        """Return an agent as it was published."""
        (found,) = [
            agent for agent in self.newest["Agents"]["Agent"] if agent["AgentNumber"] == number
        ]
        return dict(found)


@pytest.fixture
def gateway(world: World) -> Gateway:
    """Offer a gateway that has seen the first editions."""
    gateway = Gateway(world)
    assert gateway.look() == ["Offers", "Agents", "Traffic"]
    return gateway


@pytest.fixture
def agents(database: Database, world: World) -> Agents:
    """Offer the agents."""
    return Agents(database, world.clock)


def test_offers_name_each_type_with_its_price_and_what_is_left(gateway: Gateway) -> None:
    """All nine types are offered in June; an evening ticket says from when it admits."""
    offers = gateway.newest["Offers"]
    assert len(offers["OfferedType"]) == 9
    evening = next(entry for entry in offers["OfferedType"] if entry["TicketType"] == "EVENING")
    assert (evening["NameZh"], str(evening["EntryFrom"])) == ("夜票", "17:00:00")
    prices = {entry["TicketType"]: entry["PriceFen"] for entry in offers["Series"]}
    assert prices["STANDARD"] == 16_000
    assert gateway.left("STANDARD") == 600_000
    assert gateway.left("EVENING") == 15_000
    assert gateway.left("STANDARD", "TELEPHONE") == 20_000


def test_nothing_is_published_while_nothing_changes_but_now_and_then(gateway: Gateway) -> None:
    """An unchanged document goes out again once a minute, with the a later version."""
    assert gateway.look() == []
    version = gateway.newest["Agents"]["Version"]
    assert gateway.look(seconds=60) == ["Offers", "Agents", "Traffic"]
    assert gateway.newest["Agents"]["Version"] > version
    assert gateway.newest["Agents"]["PublishedAt"] == gateway.world.clock.now()


def test_a_booking_changes_what_is_left(gateway: Gateway) -> None:
    """Availability flows with the interval, however many bookings there were."""
    gateway.world.place(7)
    assert gateway.look() == ["Offers"]
    assert gateway.left("STANDARD") == 599_993


def test_a_price_changed_in_the_database_is_published(gateway: Gateway) -> None:
    """Plain SQL, no restart: a row with its time, in force when the time has come."""
    with gateway.world.database.begin() as connection:
        row = {"ticket_type": "STANDARD", "channel": "AGENCY", "price_fen": 17_000}
        row |= {"effective_from": JUNE + timedelta(minutes=10), "source": "test"}
        connection.execute(tables.prices.insert().values(row))
    assert gateway.look() == []
    gateway.look(seconds=600)
    prices = {
        (entry["TicketType"], entry["Channel"]): entry["PriceFen"]
        for entry in gateway.newest["Offers"]["Series"]
    }
    assert prices["STANDARD", "AGENCY"] == 17_000
    assert prices["STANDARD", "TELEPHONE"] == 16_000
    assert gateway.world.place(1).booking["TotalFen"] == 17_000


def test_a_peak_day_and_a_sale_stop_changed_in_the_database_are_published(
    gateway: Gateway,
) -> None:
    """A standard day made a peak day is no longer offered for standard tickets."""
    day = tables.day_classes.c.visit_day == STANDARD_DAY
    with gateway.world.database.begin() as connection:
        connection.execute(tables.day_classes.update().where(day).values(day_class="PEAK"))
        row = {"ticket_type": "EVENING", "channel": "*", "effective_from": JUNE, "source": "t"}
        row |= {"first_day": STANDARD_DAY, "last_day": STANDARD_DAY + timedelta(days=400)}
        connection.execute(tables.sale_stops.insert().values(row))
    assert gateway.look() == ["Offers"]
    assert gateway.left("STANDARD") == -2
    series = gateway.newest["Offers"]["Series"]
    evening = [len(entry["Left"]) for entry in series if entry["TicketType"] == "EVENING"]
    assert set(evening) == {(STANDARD_DAY - JUNE.date()).days}
    assert gateway.world.place(1).code == "DAY_NOT_VALID"


def test_a_new_password_is_published_as_what_verifies_it(gateway: Gateway, agents: Agents) -> None:
    """The old one works for as long as was said; the document holds no password."""
    secret = agents.rotate("1001", keep_seconds=100)
    assert gateway.look() == ["Agents"]
    new, old = gateway.agent()["Password"]
    salted = hmac.new(bytes.fromhex(new["Salt"]), secret.encode(), hashlib.sha256)
    assert salted.hexdigest() == new["Verifier"]
    assert old["NotAfter"] == gateway.world.clock.now() + timedelta(seconds=98)
    assert "DigestSecret" not in gateway.agent()
    gateway.look(seconds=100)
    assert len(gateway.agent()["Password"]) == 1


def test_block_unblock_and_certificates_are_published(gateway: Gateway, agents: Agents) -> None:
    """Each change of an agent reaches the gateways by itself."""
    agents.block("1001")
    agents.trust("1001", TLS, FINGERPRINT)
    agents.trust("1001", TLS, FINGERPRINT)
    agents.trust("1001", SIGNATURE, "ef" * 32)
    assert gateway.look() == ["Agents"]
    agent = gateway.agent()
    assert agent["Status"] == "BLOCKED"
    assert agent["CertificateFingerprint"] == ["ab" * 31 + "cd"]
    assert agent["SignatureFingerprint"] == ["ef" * 32]
    agents.unblock("1001")
    agents.distrust("1001", TLS, FINGERPRINT)
    gateway.look()
    assert gateway.agent()["Status"] == "ACTIVE"
    assert "CertificateFingerprint" not in gateway.agent()


def test_another_rate_is_published_and_moves_no_block(gateway: Gateway, agents: Agents) -> None:
    """What a blocked agent sent before its block stays what it was, whatever its rate is."""
    agents.block("1001")
    gateway.look()
    blocked_at = gateway.agent()["BlockedAt"]
    agents.rate("1001", 50)
    gateway.look()
    assert gateway.agent()["RequestsPerSecondMax"] == 50
    assert gateway.agent()["BlockedAt"] == blocked_at
    for number, rate in (("1001", 0), ("7", 50)):
        with pytest.raises(NotAllowed):
            agents.rate(number, rate)


def test_who_is_blocked_again_stays_blocked_since_the_first_time(
    gateway: Gateway, agents: Agents
) -> None:
    """What came after a block stays refused, however often one blocks."""
    agents.block("1001")
    gateway.look()
    blocked_at = gateway.agent()["BlockedAt"]
    agents.block("1001")
    assert gateway.look(seconds=60) == ["Offers", "Agents", "Traffic"]
    assert gateway.agent()["BlockedAt"] == blocked_at


def test_only_who_signs_in_by_digest_has_the_secret_published(
    gateway: Gateway, agents: Agents
) -> None:
    """Digest needs the secret itself; nobody else's leaves the inside."""
    secret = agents.add(NewAgent("1003", "Old Stack", "老牌", "AGENCY", digest_allowed=True))
    gateway.look()
    assert gateway.agent("1003")["DigestSecret"] == [{"Secret": secret}]
    assert len(secret) >= 128 / 6
    newer = agents.rotate("1003", keep_seconds=100)
    ends = gateway.world.clock.now() + timedelta(seconds=100)
    gateway.look()
    assert gateway.agent("1003")["DigestSecret"] == [
        {"Secret": newer},
        {"Secret": secret, "NotAfter": ends},
    ]


def test_what_cannot_be_said_of_an_agent_is_refused(agents: Agents) -> None:
    """Taken numbers, numbers and channels that cannot travel, agents that are not."""
    for agent in (
        NewAgent("1001", "Twice", "重复", "AGENCY"),
        NewAgent("10 01", "Blank", "空格", "AGENCY"),
        NewAgent("1009", "Small", "小写", "agency"),
        NewAgent("1009", "", "无名", "AGENCY"),
        NewAgent("1009", "Nameless", " ", "AGENCY"),
        NewAgent("1009", "Long", "长" * 101, "AGENCY"),
        NewAgent("1009", "Bell\a", "响铃", "AGENCY"),
        NewAgent("1009", "Never", "从不", "AGENCY", requests_per_second=0),
        NewAgent("1009", "Always", "总是", "AGENCY", requests_per_second=2**31),
    ):
        with pytest.raises(NotAllowed):
            agents.add(agent)
    with pytest.raises(NotAllowed, match="no agent 7"):
        agents.block("7")
    with pytest.raises(NotAllowed, match="SHA-256"):
        agents.trust("1001", TLS, "abcd")
    with pytest.raises(NotAllowed, match="no such certificate"):
        agents.distrust("1001", TLS, FINGERPRINT)


def test_what_was_sent_is_forgotten_later(gateway: Gateway) -> None:
    """Editions of many parts do not fill the database."""
    store, clock = gateway.world.store, gateway.world.clock
    gateway.world.place(1)
    gateway.look()
    store.forget_sent(clock.now() + timedelta(seconds=1))
    with gateway.world.database.begin() as connection:
        for table in ("outbox", "message_parts"):
            count = sa.select(sa.func.count()).select_from(sa.table(table))
            assert connection.execute(count).scalar_one() == 0


def test_what_was_taken_for_an_agent_is_published(gateway: Gateway, agents: Agents) -> None:
    """The longest names and as many certificates as fit; one more is refused, not lost."""
    agents.add(NewAgent("1009", "L" * 100, "𠮷" * 100, "AGENCY", requests_per_second=1_000_000))
    for number in range(16):
        agents.trust("1009", TLS, f"{number:064x}")
    agents.trust("1009", TLS, f"{3:064x}")
    with pytest.raises(NotAllowed, match="distrust"):
        agents.trust("1009", TLS, f"{16:064x}")
    assert gateway.look() == ["Agents"]
    assert len(gateway.agent("1009")["CertificateFingerprint"]) == 16


def test_a_row_that_spoils_the_offers_keeps_no_agent_from_being_blocked(
    gateway: Gateway, agents: Agents
) -> None:
    """Each topic is a chore of its own: the agents go out whatever the catalogue holds."""
    with gateway.world.database.begin() as connection:
        connection.execute(tables.admissions.update().values(admission_from="9:00"))
    agents.block("1001")
    gateway.world.clock.move(seconds=2)
    offers, published_agents, _ = gateway.publishing.chores()
    with pytest.raises(InvalidBody):
        offers()
    published_agents()
    ((_, message),) = gateway.world.store.unsent(100)
    assert gateway._take(message) == "Agents"
    assert gateway.agent()["Status"] == "BLOCKED"
