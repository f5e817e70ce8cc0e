"""The versions of what is published: later ones only, whatever happens to database and clock."""

import sqlalchemy as sa

from internal_apps.ticketing import tables
from internal_apps.ticketing.publisher import TOPICS
from tests.unit.ticketing.test_publishing import Gateway, gateway
from tests.unit.ticketing.world import World

__all__ = ["gateway"]


def test_two_workers_publish_one_edition(world: World) -> None:
    """Both look; one edition goes out, of the second it goes out in."""
    one, other = Gateway(world), Gateway(world)
    assert one.look() == ["Offers", "Agents", "Traffic"]
    assert other.look(seconds=0) == []
    assert _versions(world) == {int(world.clock.now().timestamp())}


def test_two_workers_at_once_publish_one_edition(world: World) -> None:
    """Of two that saw the same edition missing, the one that comes second lets it be."""
    one, other = Gateway(world), Gateway(world)
    world.clock.move(seconds=2)
    seen = one.publishing.due("Offers")
    assert seen is not None
    assert other.look(seconds=1) == ["Offers", "Agents", "Traffic"]
    assert not one.publishing.put("Offers", seen)


def test_a_restored_database_publishes_at_once(gateway: Gateway) -> None:
    """After many editions, a database of an hour ago publishes newer versions than all of them."""
    world = gateway.world
    with world.database.begin() as connection:
        before = [row._asdict() for row in connection.execute(sa.select(tables.publications))]
    for _ in range(30):
        world.place(1)
        assert gateway.look(seconds=120)
    newest = {topic: gateway.newest[topic]["Version"] for topic in TOPICS}
    with world.database.begin() as connection:
        for row in before:
            own = tables.publications.c.topic == row["topic"]
            connection.execute(tables.publications.update().where(own).values(row))
    assert gateway.look() == ["Offers", "Agents", "Traffic"]
    for topic in TOPICS:
        assert gateway.newest[topic]["Version"] > newest[topic]


def test_versions_grow_while_the_clock_goes_back(gateway: Gateway) -> None:
    """A clock put back an hour, or two editions within a second, still make a later version."""
    versions = [gateway.newest["Offers"]["Version"]]
    gateway.world.clock.move(seconds=-3_600)
    gateway.publishing = Gateway(
        gateway.world
    ).publishing  # a new process: monotonic time starts anew
    for _ in range(3):
        gateway.world.place(1)
        assert "Offers" in gateway.look()
        versions.append(gateway.newest["Offers"]["Version"])
    assert versions == sorted(set(versions))


def _versions(world: World) -> set[int]:
    with world.database.begin() as connection:
        return set(connection.execute(sa.select(tables.publications.c.version)).scalars())
