"""Compares what clients were told with what the database holds; shares no code with the product.

It needs the record of what was told, and the database: ``python -m tests.chaos.checker RECORD
DATABASE``. All rules are stated here anew, from what agencies are promised.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.records import read as read_record
from tests.chaos.rows import Booked, Rows
from tests.chaos.rows import read as read_rows

Line = dict[str, Any]
Key = tuple[str, str, str]
# Nothing is decided yet; whoever is told the latter knows that it was accepted.
UNDECIDED = {
    *("NO_ANSWER", "NOT_ACCEPTED", "NOT_TAKEN_NOW", "OUTCOME_UNKNOWN", "INTERNAL"),
    *("TOO_MANY_REQUESTS", "CREDENTIALS_STALE"),
}
ACCEPTED = {"RECEIVED", "NOT_KNOWN_YET", "PENDING"}
# Said of a booking or a reference; everything else that is decided would be a fault of ours.
REFUSED = {
    *("SOLD_OUT", "NOT_ON_SALE", "DAY_NOT_VALID", "VERSION_CONFLICT", "HOLD_ENDED"),
    *("BOOKING_CLOSED", "QUANTITY_NOT_ALLOWED"),
}
REUSED, DONE, READ = "REFERENCE_REUSED", "DONE", "GetBooking"
AFTER = {"ConfirmBooking": "CONFIRMED", "CancelBooking": "CANCELLED"}
# A hold that nobody confirms ends by itself, as a version of its own.
EXPIRED, HELD = "EXPIRED", "HELD"


@dataclass
class Verdict:
    """What was found: counts, and a sentence for each thing that is wrong."""

    requests: int = 0
    answers: int = 0
    done: int = 0
    refused: int = 0
    undecided: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def fine(self) -> bool:
        """Return whether nothing is wrong, and everything was decided."""
        return not (self.lost or self.doubled or self.altered or self.wrong or self.undecided)

    def line(self) -> str:
        """Return the four figures."""
        return (
            f"lost {len(self.lost)}, doubled {len(self.doubled)}, altered {len(self.altered)}, "
            f"answered wrongly {len(self.wrong)}"
        )

    def sentences(self) -> list[str]:
        """Return all that is wrong."""
        return [
            f"{kind}: {sentence}"
            for kind in ("lost", "doubled", "altered", "wrong")
            for sentence in getattr(self, kind)
        ]


@dataclass
class Request:
    """All that was told of one request; ``values`` are those it was first sent with."""

    key: Key
    values: Line
    finals: list[Line] = field(default_factory=list)
    accepted: bool = False

    @property
    def name(self) -> str:
        """The request's id."""
        return "/".join(self.key)

    @property
    def done(self) -> Line | None:
        """What it was told when it was done."""
        return next((one for one in self.finals if one["code"] == DONE), None)


def compare(told: list[Line], rows: Rows) -> Verdict:
    """Return how the record and the database agree."""
    verdict = Verdict(answers=len(told))
    requests = _requests(told, verdict)
    verdict.requests = len(requests)
    for request in requests.values():
        _check_answers(request, rows, verdict)
    _check_bookings(requests, rows, verdict)
    _check_reads(told, requests, verdict)
    if rows.taken != rows.drawn:
        verdict.doubled.append(f"quotas have {rows.taken} taken, bookings hold {rows.drawn}")
    return verdict


def _requests(told: list[Line], verdict: Verdict) -> dict[Key, Request]:
    requests: dict[Key, Request] = {}
    for line in sorted(told, key=lambda one: one["at"]):
        if line["operation"] == READ:
            continue
        key = (line["sender"], line["operation"], line["values"]["reference"])
        request = requests.setdefault(key, Request(key, line["values"]))
        code = line["code"]
        if line["values"] != request.values:
            if code not in UNDECIDED | ACCEPTED | {REUSED}:
                verdict.wrong.append(f"{request.name} was told {code} for other values")
        elif code in ACCEPTED:
            request.accepted = True
        elif code not in UNDECIDED:
            request.finals.append(line)
    return requests


def _check_answers(request: Request, rows: Rows, verdict: Verdict) -> None:
    """One outcome, told alike each time, and the one that the database has."""
    if not request.finals:
        verdict.undecided += 1
        if request.accepted:
            verdict.lost.append(f"{request.name} was accepted and never decided")
        return
    first = request.finals[0]
    verdict.done += first["code"] == DONE
    verdict.refused += first["code"] != DONE
    for other in request.finals[1:]:
        if (other["code"], other["said"]) != (first["code"], first["said"]):
            verdict.wrong.append(f"{request.name} was told {first} and then {other}")
    if first["code"] not in REFUSED | {DONE}:
        verdict.wrong.append(f"{request.name} was told {first['code']}")
    kept = rows.outcomes.get(request.name, [])
    if not kept:
        verdict.lost.append(f"{request.name} was told {first['code']}, the database has it not")
    elif len(kept) > 1:
        verdict.doubled.append(f"{request.name} has outcomes {kept}")
    elif kept[0][1] != first["code"]:
        verdict.wrong.append(f"{request.name} was told {first['code']}, kept is {kept[0]}")


def _check_bookings(requests: dict[Key, Request], rows: Rows, verdict: Verdict) -> None:
    placed: dict[tuple[str, str], list[Booked]] = defaultdict(list)
    for row in rows.bookings:
        placed[row.sender, row.placed_as].append(row)
    changes = _changes(requests)
    for (sender, operation, reference), request in requests.items():
        if operation != "PlaceBooking":
            continue
        found, done = placed.pop((sender, reference), []), request.done
        if len(found) > 1:
            verdict.doubled.append(f"{request.name} has {[row.reference for row in found]}")
        if done is None:
            if found and request.finals:
                verdict.wrong.append(f"{request.name} was refused and is booked")
        elif not found:
            verdict.lost.append(f"{request.name} was told {done['said']}, nothing is booked")
        else:
            _check_booking(request, found[0], changes.get(done["said"]["booking"], []), verdict)
    for rest in placed.values():
        verdict.doubled += [f"{row.placed_as} of {row.sender}: nobody asked" for row in rest]


def _changes(requests: dict[Key, Request]) -> dict[str, list[Request]]:
    """Return what was done to each booking after it was placed, in the order of versions."""
    changes = defaultdict(list)
    for request in requests.values():
        done = request.done
        if done is not None and request.key[1] != "PlaceBooking":
            changes[request.values["booking"]].append((done["said"]["version"], request))
    return {
        booking: [request for _, request in sorted(found, key=lambda one: one[0])]
        for booking, found in changes.items()
    }


def _check_booking(placed: Request, row: Booked, changes: list[Request], verdict: Verdict) -> None:
    """Do again what was told done, and see that each answer and the row are what comes of it."""
    line, state, version = placed.values["line"], HELD, 1
    for request in (placed, *changes):
        if request is not placed:
            version += 1
            line = request.values.get("line", line)
            state = AFTER.get(request.key[1], state)
        said = (request.done or {})["said"]
        right = {
            "booking": row.reference,
            "version": version,
            "state": state,
            "placed_as": placed.values["reference"],
            "name": placed.values["name"],
            "line": line,
        }
        wrong = {
            name: (said.get(name), one) for name, one in right.items() if said.get(name) != one
        }
        if wrong:
            verdict.wrong.append(f"{request.name} was told, and right is: {wrong}")
    if row.name != placed.values["name"]:
        verdict.altered.append(f"{placed.name}: the name is {row.name!r}")
    if row.lines != (tuple(line),):
        verdict.altered.append(f"{placed.name}: {row.lines} is booked and not {line}")
    ended = state == HELD and row.state == EXPIRED
    if row.version > version + ended:
        verdict.doubled.append(f"{placed.name}: version {row.version}, {version} were told")
    elif row.version < version + ended:
        verdict.lost.append(f"{placed.name}: version {row.version}, {version} were told")
    elif row.state != state and not ended:
        verdict.wrong.append(f"{placed.name}: the state is {row.state} and not {state}")


def _check_reads(told: list[Line], requests: dict[Key, Request], verdict: Verdict) -> None:
    """Whoever was told of a version is never shown an older one, nor another's booking."""
    versions: dict[str, list[tuple[float, int]]] = defaultdict(list)
    owners: dict[str, str] = {}
    for request in requests.values():
        for one in request.finals:
            if one["code"] == DONE:
                booking = one["said"]["booking"]
                versions[booking].append((one["at"] + one["took"], one["said"]["version"]))
                owners[booking] = one["said"]["name"]
    for line in told:
        if line["operation"] != READ or line["code"] in UNDECIDED | ACCEPTED:
            continue
        booking, said = line["values"]["booking"], line["said"]
        known = max((one for at, one in versions[booking] if at <= line["at"]), default=0)
        if line["code"] != DONE:
            verdict.wrong.append(f"a read of {booking} was told {line['code']}")
        elif said["version"] < known or said["name"] != owners.get(booking):
            verdict.wrong.append(f"a read of {booking} showed {said}, known was {known}")


def main(record: str, database: str) -> int:
    """Print what was found; return 1 where anything is wrong."""
    verdict = compare(read_record(Path(record)), read_rows(database))
    print("\n".join([*verdict.sentences(), verdict.line()]))
    return 0 if verdict.fine() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
