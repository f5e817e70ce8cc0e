"""The AsyncAPI document that is shipped is made from the map of messages as it is."""

from deploy.brokers.asyncapi import document, write
from deploy.brokers.definitions import inside, outside
from deploy.components import Components
from hub.messages import MESSAGES, QUARANTINE_QUEUE
from tests.structure.source import ROOT

NAMES = ("gateway-1", "hub-1", "ticketing-1", "evidence-1", "staff-1")


def test_what_is_shipped_is_what_the_map_says() -> None:
    """A new message, header, queue or bound stands in it, or this says how to write it anew."""
    kept = (ROOT / "schemas" / "asyncapi-3.json").read_text("utf-8")
    assert kept == write(), "run: lupu brokers asyncapi > schemas/asyncapi-3.json"


def test_every_queue_that_a_broker_loads_is_a_channel() -> None:
    """But for the quarantines, which hold whatever was refused."""
    components = Components.of(NAMES)
    queues = {
        f"{side}.{queue['name']}"
        for side, made in (("outside", outside(components)), ("inside", inside(components)))
        for queue in made["queues"]
        if queue["name"] != QUARANTINE_QUEUE
    }
    assert queues | {"outside.replies", "inside.replies"} == set(document()["channels"])


def test_every_message_is_sent_and_taken_by_somebody() -> None:
    """Each row of the map has both on one broker at least, and names its XSD, which is there."""
    made = document()
    for action in ("send", "receive"):
        named = {
            message["$ref"].rpartition("/")[2]
            for operation in made["operations"].values()
            for message in operation["messages"]
            if operation["action"] == action
        }
        assert named == {row.key for row in MESSAGES}
    for message in made["components"]["messages"].values():
        assert (ROOT / "schemas" / message["payload"]["externalDocs"]["description"]).is_file()
