"""The contract as the gateway serves it."""

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.slice.gateway_world import World, gateway

ADDRESS = "https://agents.example:8443/soap/ticketing"
XSD = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Offer one gateway; nothing is sent through it."""
    with gateway(tmp_path_factory.mktemp("gateway")) as running:
        return running


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "singleWsdl", "singlewsdl", "wsdl11"])
def test_the_contract_is_served_with_the_configured_address(world: World, query: str) -> None:
    """Each view names the public address of the settings, whatever Host was asked."""
    answer = world.open("GET", f"/soap/ticketing?{query}", environ={"HTTP_HOST": "evil.example"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(answer.body)
    found = [node.get("location") for node in root.iter("{*}address")]
    assert set(found) == {ADDRESS}
    assert b"evil.example" not in answer.body
    assert (b"wsdl/soap12/" in answer.body) == ("11" not in query)


def test_every_schema_that_the_contract_imports_is_served(world: World) -> None:
    """The imports of ?wsdl are absolute and answered with the XSD they name."""
    wsdl = world.open("GET", "/soap/ticketing?wsdl").body.decode()
    locations = re.findall(r'schemaLocation="([^"]+)"', wsdl)
    assert locations
    for location in locations:
        assert location.startswith(f"{ADDRESS}/xsd/")
        answer = world.open("GET", location.removeprefix("https://agents.example:8443"))
        assert answer.status == 200
        assert etree.fromstring(answer.body).tag == f"{XSD}schema"


def test_the_folder_of_schemas_is_no_open_folder(world: World, tmp_path: Path) -> None:
    """Only the contract's own schemas are served: not the published ones, no path out."""
    (tmp_path / "x").touch()
    for name in ("published-1.xsd", "../wsdl/ticketing-1.wsdl", "%2e%2e%2fsetup.py", "", "."):
        assert world.open("GET", f"/soap/ticketing/xsd/{name}").status in (404, 405)
