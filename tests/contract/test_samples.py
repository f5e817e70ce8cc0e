"""Samples of every XSD, valid and not, each with the outcome that one table says."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from adapters.xml import FOLDER, Schemas, XmlRefused

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
VALID = "valid"
DATE_BEYOND = "DATE_BEYOND"
XS = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of the table: a file, the element it is to be, and what must come of it."""

    file: str
    element: str
    outcome: str

    @property
    def name(self) -> str:
        """The element's name in Clark notation; its namespace is the folder's."""
        area, _, version = self.file.partition("/")[0].rpartition("-")
        return f"{{urn:lupu:{area}:{version}}}{self.element}"

    @property
    def body(self) -> bytes:
        """The document as it stands."""
        return (SAMPLES / self.file).read_bytes()


def table() -> list[Sample]:
    """Return the rows of the table."""
    lines = (SAMPLES / "outcomes.txt").read_text("utf-8").splitlines()
    cells = [line.split(" | ") for line in lines if not line.startswith("#")]
    return [Sample(*(cell.strip() for cell in row[:3])) for row in cells]


TABLE = table()
KEPT = [sample for sample in TABLE if sample.outcome == VALID]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """Offer the contracts."""
    return Schemas()


def check(schemas: Schemas, sample: Sample) -> str:
    """Return what becomes of a sample."""
    try:
        root = schemas.read(sample.name, sample.body)
    except XmlRefused as refused:
        return refused.code
    try:
        schemas.values(root)
    except XmlRefused as refused:
        return DATE_BEYOND if refused.code == "SCHEMA_INVALID" else refused.code
    return VALID


@pytest.mark.parametrize("sample", TABLE, ids=lambda sample: sample.file)
def test_a_sample_comes_to_what_the_table_says(schemas: Schemas, sample: Sample) -> None:
    """Valid ones are taken, each other one is refused with its code."""
    assert check(schemas, sample) == sample.outcome


@pytest.mark.parametrize("sample", KEPT, ids=lambda sample: sample.file)
def test_valid_samples_survive_being_read_and_written(schemas: Schemas, sample: Sample) -> None:
    """Written again from its values, a sample is the same values and has the same digest."""
    values = schemas.values(schemas.read(sample.name, sample.body))
    written = schemas.write(sample.name, values)
    assert schemas.values(schemas.read(sample.name, written)) == values
    assert schemas.digest(sample.name, written) == schemas.digest(sample.name, sample.body)


def test_samples_that_are_the_same_request_have_one_digest(schemas: Schemas) -> None:
    """Prefixes, white space, a day's time zone and UTF-16 do not make another request."""
    same = ("", "-prefixed", "-zoned-day", "-utf-16")
    names = {f"ticketing-1/place-booking{suffix}.xml" for suffix in same}
    digests = {schemas.digest(one.name, one.body) for one in KEPT if one.file in names}
    assert len(digests) == 1
    # As many digests as there are different samples.
    everything = {schemas.digest(one.name, one.body) for one in KEPT}
    assert len(everything) == len(KEPT) - len(same) + 1


def test_every_sample_stands_in_the_table() -> None:
    """No file lies there without an outcome, no row without a file."""
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*.xml")}
    assert files == {sample.file for sample in TABLE}
    assert len(files) == len(TABLE)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.xsd")), ids=lambda path: path.name)
def test_every_element_has_samples_of_both_kinds(path: Path) -> None:
    """Each global element of each XSD has a sample that is valid and one that is not."""
    declared = etree.parse(path).getroot().findall(f"{XS}element")
    for element in (str(node.get("name")) for node in declared):
        outcomes = {
            sample.outcome == VALID
            for sample in TABLE
            if (sample.file.partition("/")[0], sample.element) == (path.stem, element)
        }
        assert outcomes == {True, False}, element
