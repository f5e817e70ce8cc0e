"""The brokers' definitions follow from the map of messages, and permit only what is needed."""

import re
from typing import Any

import pytest

from deploy.brokers import definitions
from deploy.brokers.permissions import inside_permission, outside_permission
from deploy.brokers.policies import inside_policies, outside_policies
from deploy.components import Components
from hub.errors import SettingsError
from hub.messages import MESSAGES, Direction, Lane, inside_queue, published_stream

NAMES = ("gateway-1", "gateway-2", "hub-1", "ticketing-1", "staff-1", "operator-1")


def _queues(defined: definitions.Definitions) -> set[str]:
    return {str(queue["name"]) for queue in defined["queues"]}


def test_every_message_has_its_queue() -> None:
    """Each message of the map finds its queue or stream on both brokers."""
    outside = _queues(definitions.outside(Components.of(NAMES)))
    inside = _queues(definitions.inside(Components.of(NAMES)))
    for row in MESSAGES:
        if row.direction is Direction.INWARD:
            assert f"inward.{row.lane.value}" in outside
            if row.application != "*":
                assert inside_queue(row.application, row.lane) in inside
        else:
            assert f"outward.{row.lane.value}" in inside
            if row.lane is Lane.PUBLISHED:
                assert published_stream(row) in outside


def test_nothing_may_drop() -> None:
    """Every bound rejects the publisher; no delivery limit drops anything on any version."""
    for version in ((3, 10), (3, 13), (4, 0), (4, 3)):
        for policy in (*outside_policies(version), *inside_policies(version)):
            if policy.name == "published":
                continue
            assert policy.definition["overflow"] == "reject-publish"
            limit = policy.definition.get("delivery-limit")
            assert limit == (
                -1
                if version >= (4, 0)
                and "message-ttl" not in policy.definition
                and policy.name != "replies"
                else None
            )


def test_each_queue_has_exactly_one_policy() -> None:
    """Every defined queue falls under one policy, for two would hide each other."""
    for defined in (
        definitions.outside(Components.of(NAMES)),
        definitions.inside(Components.of(NAMES)),
    ):
        for queue in defined["queues"]:
            patterns = [policy["pattern"] for policy in defined["policies"]]
            assert len([p for p in patterns if re.search(p, queue["name"])]) == 1, queue["name"]


def test_no_account_has_a_password() -> None:
    """Accounts sign in by certificate only."""
    for user in definitions.outside(Components.of(NAMES))["users"]:
        assert user["password_hash"] == ""
        assert user["tags"] == []


def test_gateways_cannot_read_each_other() -> None:
    """A gateway's patterns match its own replies only, not those of a gateway 11 or 1x."""
    permission = outside_permission("gateway-1")
    assert re.search(permission.configure, "replies.gateway-1.5f2c")
    for other in (
        "replies.gateway-11.5f2c",
        "replies.gateway-2.1",
        "inward.requests",
        "quarantine",
    ):
        assert not re.search(permission.configure, other)
        assert not re.search(permission.read, other)
    for other in ("replies.gateway-2.1", "replies.gateway-1.*", "replies.#", "replies.*.*", "#"):
        assert not re.search(permission.listen, other)


@pytest.mark.parametrize("name", NAMES)
def test_no_account_reaches_queues_by_their_names(name: str) -> None:
    """Nobody may publish through the default exchange, on either side."""
    for permission in (outside_permission(name), inside_permission(name)):
        assert not re.search(permission.write, "amq.default")


@pytest.mark.parametrize("side", [definitions.outside, definitions.inside])
def test_whoever_may_bind_to_replies_may_listen_to_its_own_only(side: Any) -> None:
    """An account without an entry of its own could listen to all; none that may read has none."""
    defined = side(Components.of(NAMES))
    bound = {entry["user"]: entry for entry in defined["topic_permissions"]}
    for permission in defined["permissions"]:
        name = permission["user"]
        reads = re.search(permission["read"], "replies") is not None
        assert reads == (name in bound)
        if reads:
            assert re.search(bound[name]["read"], f"replies.{name}.5f2c")
            assert not re.search(bound[name]["read"], f"replies.{name}1.5f2c")


def test_only_the_hub_takes_what_is_outside() -> None:
    """No account but the hub's may read the inward queues."""
    readers = [
        name
        for name in Components.of(NAMES).outside
        if re.search(outside_permission(name).read, "inward.requests")
    ]
    assert readers == ["hub-1"]
    assert inside_permission("gateway-1").read == "^$"


def test_unknown_component_is_refused() -> None:
    """A name that says nothing known is an error that shows what names look like."""
    with pytest.raises(SettingsError, match="gateway-1"):
        Components.of(["cashier-1"])
