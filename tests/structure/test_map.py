"""The map of messages, the contracts and the processes agree."""

import re

import pytest

from adapters.xml import FOLDER, Schemas
from hub.errors import SettingsError
from hub.messages import MESSAGES, ONCE, Direction, applications, operations
from hub.places import GATEWAY, HUB, OPERATOR, STAFF
from hub.settings import SECTIONS
from internal_apps.serving import Application, check_complete
from lupu.processes import OWN, PROCESSES
from tests.structure.source import ROOT, files

# Words that already stand at the beginning of a queue's or a component's name.
TAKEN = {GATEWAY, HUB, STAFF, OPERATOR, "inward", "outward", "published", "replies"}


def test_every_message_has_its_contract() -> None:
    """Each row names an element of the XSD whose file is called like its namespace."""
    schemas = Schemas()
    for row in MESSAGES:
        _, _, area, version = row.element[1:].partition("}")[0].split(":")
        assert schemas.knows(row.element), row
        assert (FOLDER / f"{area}-{version}.xsd").is_file(), row
        assert row.version == int(version)


def test_no_two_rows_are_the_same() -> None:
    """A name and version stand once in the map, and one application owns all its versions."""
    keys = [row.key for row in MESSAGES]
    owners = {(row.name, row.application) for row in MESSAGES}
    assert len(keys) == len(set(keys))
    assert len(owners) == len({name for name, _ in owners})


def test_every_application_can_be_started() -> None:
    """Each application of the map is a process, under a plain name that nothing else has."""
    commands = {process.command for process in PROCESSES}
    for name in applications():
        assert name in commands
        assert re.fullmatch("[a-z]+", name)
        assert name not in TAKEN


def test_a_worker_that_lacks_a_handler_does_not_start() -> None:
    """Every row that the map gives an application must be handled, or it says which is not."""
    unfinished = Application("ticketing", {}, FOLDER)
    with pytest.raises(SettingsError, match=r"nothing that handles PlaceBooking\.1"):
        check_complete(unfinished)


def test_an_application_knows_its_operations() -> None:
    """The operations of an application are its rows that are handled once."""
    for name in applications():
        rows = [row for row in MESSAGES if row.application == name and row.lane in ONCE]
        assert operations(name) == tuple(dict.fromkeys(row.name for row in rows))
        assert all(row.direction is Direction.INWARD for row in rows)


def test_every_section_of_a_zone_file_is_known() -> None:
    """Sections are what processes read from a zone's file; an application may have its own."""
    named = re.compile(r'section: ClassVar\[str\] = "([a-z_]+)"')
    read = {name for file in files(*OWN) for name in named.findall((ROOT / file).read_text())}
    assert read | set(applications()) == set(SECTIONS)
