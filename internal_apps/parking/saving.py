"""The bytes of a kept message as they lie, for a file: evidence, be they readable or not."""

from typing import NamedTuple

from hub.parking import Place
from internal_apps.parking.audit import Note
from internal_apps.parking.domain import What, digest_of
from internal_apps.parking.interventions import Interventions


class Saved(NamedTuple):
    """Bytes and their SHA-256 (hex), by which the trail and evidence name them."""

    body: bytes
    digest: str

    @property
    def file(self) -> str:
        """A name for the file, of nothing that a stranger wrote."""
        return f"lupu-{self.digest}.bin"


def saved(work: Interventions, place: Place, name: str, who: str) -> Saved:
    """Return the bytes of one; that they were taken out is written down with their digest."""
    body = work.open(place, name, who).shown.lying
    found = Saved(body, digest_of(body))
    facts = {"sha256": found.digest, "bytes": len(body)}
    work.trail.append(Note(who, What.SAVED, place.value, name, facts=facts))
    return found
