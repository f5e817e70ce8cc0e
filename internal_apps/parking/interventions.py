"""What a person does with kept messages, the same on the command line and on the pages."""

from collections.abc import Callable, Collection, Mapping, Sequence

import sqlalchemy as sa

from adapters.database import Database
from adapters.xml import Schemas
from hub import replaying
from hub.envelope import Message, RequestId, Wire
from hub.errors import InvalidBody, MalformedEnvelope, NeverWorks
from hub.guard import BODY_BYTES_MAX
from hub.machine import MACHINE, Machine
from hub.messages import destination, message_type
from hub.parked import ParkedShelf
from hub.parking import SIGNED, End, Ended, Place, Shelf, Shown
from hub.ports import Clock
from internal_apps.parking.audit import AuditTrail, Note
from internal_apps.parking.document import Line, compared, lines_of
from internal_apps.parking.domain import (
    ALTERED,
    DECIDED,
    GONE,
    Correction,
    Forbidden,
    Found,
    Opened,
    State,
    Wanted,
    What,
    approved,
    check_approver,
    check_why,
    digest_of,
    grouped,
    sentence,
)
from internal_apps.parking.noting import Noting, Paced
from internal_apps.parking.settings import Parking
from internal_apps.parking.store import BODY, ORIGINAL, Corrections, NewCorrection
from internal_apps.previewing import Foresee, Foreseen, Preview

LISTED_MAX = 5_000
STORY_MAX = 100
REFERENCE = "RequestReference"
_ONLY_GUARD = sentence("Only the guard can say what comes of it: it passes it again.")
_NOT_FORESEEN = sentence("What its application would do cannot be foreseen from here.")


# Told the original and the body of its approved correction, if there is one.
Guarded = Callable[[Wire, bytes | None], replaying.Preview]


class Interventions:
    """Every step is written into the audit trail, under the account of who takes it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        shelves: Mapping[Place, Shelf],
        *,
        schemas: Schemas,
        foresee: Mapping[str, Foresee],
        settings: Parking,
        guarded: Mapping[Place, Guarded] | None = None,
        machine: Machine = MACHINE,
    ) -> None:
        """``foresee`` by the name of the application that handles a message.

        ``guarded`` says for a quarantine what its guard would make of a message; ``machine`` how
        one waits.
        """
        self.trail = AuditTrail(database, clock)
        self.corrections = Corrections(database)
        self.shelves = dict(shelves)
        self.settings = settings
        self._database = database
        self._clock = clock
        self._schemas = schemas
        self._foresee = foresee
        self._guarded = guarded or {}
        self._paced = Paced(settings.replays_per_second, machine)

    def find(self, place: Place, wanted: Wanted | None = None, count_max: int = 100) -> Found:
        """Return what is kept in a place, without any body."""
        wanted = wanted or Wanted()
        listing = self._shelf(place).list(kind=wanted.kind, count_max=LISTED_MAX)
        fitting = [one for one in listing.kept if wanted.takes(one)]
        asked = sum(n for kind, n in listing.kinds.items() if wanted.kind in ("", kind))
        more = len(fitting) > count_max or asked > len(listing.kept)
        return Found(fitting[:count_max], grouped(listing), more, not listing.more)

    def open(self, place: Place, name: str, who: str) -> Opened:
        """Return one whole, which may show personal data: that it was viewed is written down."""
        shown = self._shown(place, name)
        self._note(who, What.VIEWED, place, name)
        return Opened(
            shown, self.corrections.of(place, name), self.trail.entries(STORY_MAX, name=name)
        )

    def compared(self, number: int, who: str) -> Sequence[Line]:
        """Return what a correction changes, which shows the message too: that is written down."""
        one = self._correction(number)
        facts = {"correction": number}
        self.trail.append(Note(who, What.VIEWED, one.place.value, one.name, facts=facts))
        bodies = (self.corrections.body(number, kind) for kind in (ORIGINAL, BODY))
        return compared(*(lines_of(body) for body in bodies))

    def preview(self, place: Place, name: str, who: str) -> Preview:
        """Say what a replay would do now; nothing of it stays. Forbidden where nobody can say."""
        shelf, shown = self._shelf(place), self._shown(place, name)
        correction = approved(self.corrections.of(place, name))
        self._note(who, What.PREVIEWED, place, shown.kept.id)
        if isinstance(shelf, ParkedShelf):
            return self._foreseen(shelf.effective(name), correction)
        guarded = self._guarded.get(place)
        if guarded is None or shown.wire is None:
            raise Forbidden(_ONLY_GUARD)
        body = None if correction is None else self._corrected(correction)
        seen = guarded(shown.wire, body)
        inside = Foreseen.REFUSED if seen.inside is None else Foreseen(seen.inside.value)
        return Preview(inside, reason=seen.refused)

    def _foreseen(self, message: Message | None, correction: Correction | None) -> Preview:
        if message is None:
            raise Forbidden(GONE)
        foresee = self._foresee.get(destination(message_type(message.type), message.id.operation))
        if foresee is None:
            raise Forbidden(_NOT_FORESEEN)
        if correction is not None:
            message = message._replace(body=self._corrected(correction))
        return foresee(message)

    def faults(self, shown: Shown, body: bytes) -> Sequence[tuple[int, str]]:
        """Return what is wrong with a corrected body: line and sentence; empty where nothing."""
        if shown.wire is None:
            return [(0, "The original cannot be read: it can be discarded only.")]
        if shown.is_fixed:
            return [(0, SIGNED)]
        if len(body) > BODY_BYTES_MAX:
            return [(0, f"The document is larger than {BODY_BYTES_MAX} bytes.")]
        try:
            element = message_type(shown.wire.type).element
            found = self._schemas.faults(element, body)
            if not found:
                self._check_reference(shown, element, body)
        except NeverWorks as error:
            return [(0, str(error))]
        return found

    def propose(self, place: Place, name: str, body: bytes, *, why: str, who: str) -> int:
        """Keep a correction for somebody else to approve; return its number.

        InvalidBody where the body breaks the contract, or names another request.
        """
        shown, why = self._shown(place, name), check_why(why)
        if faults := self.faults(shown, body):
            line, sentence = faults[0]
            raise InvalidBody(f"Line {line}: {sentence}" if line else sentence)
        lying = shown.lying
        original = lying if shown.document is None else shown.document
        new = NewCorrection(
            place,
            name,
            shown.kept.type,
            shown.kept.request_id,
            why,
            original,
            digest_of(lying),
            body,
            digest_of(body),
            who,
            b"" if original == lying else lying,
        )
        with self._database.begin() as connection:
            number = self.corrections.add(connection, new, self._clock.now())
            facts = {"correction": number, "sha256": new.original_digest, "corrected": new.digest}
            note = Note(who, What.PROPOSED, place.value, name, why, facts)
            self.trail.append(note, connection)
        return number

    def approve(self, number: int, who: str) -> Correction:
        """Approve what somebody else proposed: a replay sends the message with it from now on.

        What was approved for it before is rejected.
        """
        return self._decide(number, State.APPROVED, who, "")

    def reject(self, number: int, why: str, who: str) -> Correction:
        """Say no to a correction, approved or not; whoever proposed it may do so too."""
        return self._decide(number, State.REJECTED, who, check_why(why))

    def replay(
        self, place: Place, names: Collection[str], *, why: str, who: str
    ) -> Sequence[Ended]:
        """Have each handled again, with its approved correction if it has one; at most once."""
        shelf, why = self._shelf(place), check_why(why)
        note = Note(who, What.REPLAY, place.value, why=why)
        paced = None if place is Place.PARKED else self._paced
        plain, ended = list[str](), list[Ended]()
        for name in names:
            correction = approved(self.corrections.of(place, name))
            if correction is None:
                plain.append(name)
                continue
            noting = Noting(self.trail, note, correction=correction, paced=paced)
            try:
                body = self._corrected(correction)
            except Forbidden as error:
                ended.append(Ended(name, End.CANNOT, str(error)))
                noting.ended(ended[-1])
                continue
            ended.append(shelf.correct(name, body, noting))
            if ended[-1].end is End.DONE:
                with self._database.begin() as connection:
                    self.corrections.sent(connection, correction.number)
        if plain:
            ended += shelf.replay(plain, Noting(self.trail, note, paced=paced))
        return ended

    def discard(
        self, place: Place, names: Collection[str], *, why: str, who: str
    ) -> Sequence[Ended]:
        """Keep each no more; of a parked one a refusal is the final outcome."""
        shelf, why = self._shelf(place), check_why(why)
        return shelf.discard(
            names, Noting(self.trail, Note(who, What.DISCARD, place.value, why=why))
        )

    def _decide(self, number: int, state: State, who: str, why: str) -> Correction:
        correction = self._correction(number)
        if state is State.APPROVED:
            check_approver(correction, who)
            self._shown(correction.place, correction.name)
        with self._database.begin() as connection:
            # The entry first: two who decide at once come one after the other.
            self._note_decided(connection, correction, state, who, why)
            if not self.corrections.decide(connection, number, state, who, self._clock.now()):
                raise Forbidden(DECIDED)
            if state is State.APPROVED:
                self._supersede(connection, correction, who)
        return correction

    def _correction(self, number: int) -> Correction:
        found = self.corrections.find(number)
        if found is None:
            raise Forbidden(sentence("There is no such correction."))
        return found

    def _supersede(self, connection: sa.Connection, by: Correction, who: str) -> None:
        for number in self.corrections.others_approved(connection, by):
            self.corrections.decide(connection, number, State.REJECTED, who, self._clock.now())
            facts = {"correction": number, "approved_instead": by.number}
            note = Note(who, What.REJECTED, by.place.value, by.name, facts=facts)
            self.trail.append(note, connection)

    def _note_decided(
        self, connection: sa.Connection, one: Correction, state: State, who: str, why: str
    ) -> None:
        what = What.APPROVED if state is State.APPROVED else What.REJECTED
        facts = {
            "correction": one.number,
            "proposed_by": one.proposed_by,
            "sha256": one.original_digest,
            "corrected": one.digest,
        }
        self.trail.append(Note(who, what, one.place.value, one.name, why, facts), connection)

    def _corrected(self, correction: Correction) -> bytes:
        """Return the body of a correction; Forbidden where it is not the one that was proposed."""
        body = self.corrections.body(correction.number)
        if digest_of(body) != correction.digest:
            raise Forbidden(ALTERED)
        return body

    def _shelf(self, place: Place) -> Shelf:
        shelf = self.shelves.get(place)
        if shelf is None:
            raise Forbidden(f"The {place.value} quarantine cannot be reached from here.")
        return shelf

    def _shown(self, place: Place, name: str) -> Shown:
        shown = self._shelf(place).show(name)
        if shown is None:
            raise Forbidden(GONE)
        return shown

    def _note(self, who: str, what: What, place: Place, name: str) -> None:
        self.trail.append(Note(who, what, place.value, name))

    def _check_reference(self, shown: Shown, element: str, body: bytes) -> None:
        """A correction is of the same request: what names the request stays as it is."""
        said = self._schemas.values(self._schemas.read(element, body)).get(REFERENCE)
        try:
            wanted = RequestId.parse(shown.kept.request_id).reference
        except MalformedEnvelope:
            return
        if said is not None and said != wanted:
            raise InvalidBody(f"{REFERENCE} must stay {wanted}: it names the request.")
