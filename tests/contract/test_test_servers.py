"""The servers that the suites rely on really are what they claim to be."""

import sqlalchemy as sa

from tests.servers.brokers import Brokers


def test_database_speaks_sql(database_url: str) -> None:
    """Each kind of database takes a table, a row with Chinese text, and gives it back."""
    engine = sa.create_engine(database_url)
    names = sa.Table(
        "names", sa.MetaData(), sa.Column("id", sa.BigInteger), sa.Column("name", sa.String(200))
    )
    with engine.begin() as connection:
        names.create(connection, checkfirst=False)
        connection.execute(names.insert(), {"id": 1, "name": "卢浦大桥"})
    with engine.begin() as connection:
        assert connection.execute(sa.select(names.c.name)).scalar_one() == "卢浦大桥"
    engine.dispose()


def test_brokers_hold_the_defined_queues(brokers: Brokers) -> None:
    """Both brokers come up with the queues that the map of messages asks for."""
    assert "inward.requests" in brokers.outside_broker.queue_messages()
    assert "ticketing.requests" in brokers.inside_broker.queue_messages()
