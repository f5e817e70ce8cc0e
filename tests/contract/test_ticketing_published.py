"""What is published is made alike from SQLite, PostgreSQL and Db2's driver."""

import itertools

from adapters.database import Database
from internal_apps.ticketing.agents import SIGNATURE, TLS, Agents, NewAgent
from tests.contract.between import after_it_reads
from tests.unit.ticketing.test_publishing import Gateway
from tests.unit.ticketing.world import World

_NUMBERS = itertools.count(7001)


def test_offers_and_agents_go_out_from_each_database(ticketing_database: Database) -> None:
    """An agent is added, trusted, renewed and blocked; a booking changes what is left."""
    number = str(next(_NUMBERS))
    world = World(ticketing_database, name=f"G{number}")
    gateway, agents = Gateway(world), Agents(ticketing_database, world.clock)
    agents.add(NewAgent(number, "Far Travel", "\U00020bb7旅行社", "OVERSEAS"))
    agents.rotate(number, keep_seconds=60)
    agents.trust(number, TLS, "ab" * 32)
    agents.trust(number, SIGNATURE, "cd" * 32)
    agents.distrust(number, SIGNATURE, "cd" * 32)
    agents.block(number)
    assert gateway.look(seconds=120) == ["Offers", "Agents", "Traffic"]
    agent = gateway.agent(number)
    assert (agent["Status"], len(agent["Password"])) == ("BLOCKED", 1)
    assert agent["CertificateFingerprint"] == ["ab" * 32]
    assert [entry["Fingerprint"] for entry in agent["EndedSignature"]] == ["cd" * 32]
    before = gateway.left("STANDARD")
    assert before is not None
    assert gateway.left("STANDARD", "OVERSEAS") == before
    world.place(3)
    assert gateway.look() == ["Offers"]
    assert gateway.left("STANDARD") == before - 3
    versions = {topic: document["Version"] for topic, document in gateway.newest.items()}
    gateway.look(seconds=60)
    assert all(gateway.newest[topic]["Version"] > version for topic, version in versions.items())


def test_what_was_read_before_another_published_never_goes_out(
    ticketing_database: Database,
) -> None:
    """An agent blocked meanwhile is not let in again by who looked before."""
    number = str(next(_NUMBERS))
    world = World(ticketing_database, name=f"G{number}")
    one, other = Gateway(world), Gateway(world)
    agents = Agents(ticketing_database, world.clock)
    agents.add(NewAgent(number, "Far Travel", "旅行社", "OVERSEAS"))
    one.look(seconds=120)
    agents.rotate(number, keep_seconds=60)

    def blocked_and_published() -> None:
        agents.block(number)
        other.publishing.publish("Agents")

    with after_it_reads(ticketing_database, "agents", blocked_and_published):
        one.publishing.publish("Agents")
    one.look(seconds=0)
    assert one.agent(number)["Status"] == "BLOCKED"
