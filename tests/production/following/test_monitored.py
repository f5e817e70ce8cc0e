"""Alerts and dashboard ask for what the running system really serves."""

import itertools
from datetime import timedelta

import pytest

from tests.contract.transports import until
from tests.servers.agency import PlainAgency
from tests.servers.monitoring import alerts, asked, expressions, scraped
from tests.servers.promises import Shows
from tests.servers.system import System

WAIT_SECONDS = 45.0


def served(system: System) -> dict[str, set[str]]:
    """Return every metric that any process serves, with its labels."""
    found: dict[str, set[str]] = {}
    for port in system.stack.metrics_ports.values():
        for name, labels in scraped(port).items():
            found.setdefault(name, set()).update(labels)
    return found


@pytest.mark.promise(6)
def test_everything_that_is_asked_for_is_served(traced: System, shows: Shows) -> None:
    """Before anything went wrong: each metric and each label of every rule and every panel."""
    agency = PlainAgency(traced.port, traced.ca_file, traced.agent_number, traced.password)
    day = traced.opening + timedelta(days=10)
    assert agency.place("WATCHED-1", "STANDARD", day).code == "DONE"
    agency.close()
    rules = [(f"{one.name} {one.summary}", one.expression) for one in alerts()]
    wanted = list(itertools.chain(rules, expressions()))
    metrics = set[str]().union(*(asked(*one)[0] for one in wanted))
    assert until(lambda: metrics <= set(served(traced)), WAIT_SECONDS), metrics - set(
        served(traced)
    )
    found = served(traced)
    for said, expression in wanted:
        names, labels = asked(said, expression)
        has = set[str]().union(*(found[name] for name in names)) if names else set[str]()
        assert labels <= has, said
    shows(alerts=len(rules), panels_asking=len(wanted) - len(rules), metrics_they_ask=len(metrics))
