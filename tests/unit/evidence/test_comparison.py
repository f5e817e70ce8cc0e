"""The comparison against what truly happened, as an independent model tells it."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ports import Published, Taken
from internal_apps.evidence.compare import OF_SENT, Verdict, compare
from internal_apps.evidence.entries import Booked, Cover, Depth, Key, Stopped, TakenIn, View
from tests.unit.hub_world import NOON

BOUND_SECONDS = 100.0
LATE = NOON + timedelta(hours=1)
GONE = NOON + timedelta(minutes=59, seconds=30)


@dataclass(frozen=True)
class Truth:
    """What happened to one transmission, told as a story and not as entries.

    ``heard``: what its gateway heard. ``fate``: what became of the bytes on the way. ``copies``:
    how often they arrived. ``late``: it was sent just now. ``standing``: its application's worker
    stands still and its queue is not empty.
    """

    gateway_wrote: bool
    heard: Published | None
    fate: str
    copies: int
    late: bool
    standing: bool
    page_is_here: bool

    def expected(self) -> Verdict:
        """Tell what must be said of it."""
        if not self.gateway_wrote:
            missing = Verdict.AWAITED if self.late else Verdict.UNBOOKED
            got_in = Verdict.INJECTED if self.page_is_here else missing
            return Verdict.STOPPED if self.fate.startswith("refused") else got_in
        told = {
            "altered": Verdict.ALTERED,
            "renamed": Verdict.ALTERED,
            "refused outside": Verdict.QUARANTINED,
            "refused inside": Verdict.QUARANTINED,
            "brought again": self._here(),
            "corrected": Verdict.CORRECTED,
            "vanishes": self._gone(),
            "arrives": self._here(),
        }
        return told[self.fate]

    def _here(self) -> Verdict:
        if self.copies > 1:
            return Verdict.DOUBLED
        return Verdict.RECEIVED if self.heard is Published.CONFIRMED else Verdict.ARRIVED

    def _gone(self) -> Verdict:
        if self.heard is None or self.heard is Published.UNKNOWN:
            return Verdict.ABSENT
        if self.heard is not Published.CONFIRMED:
            return Verdict.NOT_SENT
        return Verdict.IN_FLIGHT if self.late or self.standing else Verdict.LOST


TRUTHS = st.builds(
    Truth,
    gateway_wrote=st.booleans(),
    heard=st.sampled_from([None, *Published]),
    fate=st.sampled_from(
        [
            *("arrives", "altered", "renamed", "refused outside", "refused inside"),
            *("brought again", "corrected", "vanishes"),
        ]
    ),
    copies=st.integers(1, 3),
    late=st.booleans(),
    standing=st.booleans(),
    page_is_here=st.booleans(),
).filter(lambda truth: truth.gateway_wrote or truth.fate != "vanishes")


def _key(number: int, truth: Truth) -> Key:
    return Key(f"gateway-{1 + truth.page_is_here}", "b00t", number)


def _type(truth: Truth) -> str:
    return "Standing.1" if truth.standing else "Working.1"


def _booked(number: int, truth: Truth) -> Booked:
    at = GONE if truth.late else NOON
    heard = "" if truth.heard is None else truth.heard.value
    key = _key(number, truth)
    return Booked(
        key, f"r-{number}", _type(truth), f"d-{number}", at, heard, at if heard else None
    )


def _taken(number: int, truth: Truth) -> list[TakenIn]:
    key, at = _key(number, truth), GONE if truth.late else NOON
    request = "another" if truth.fate == "renamed" else f"r-{number}"
    crossed = "other" if truth.fate in ("altered", "corrected") else f"d-{number}"
    if truth.fate == "refused inside":
        return [
            TakenIn(key, request, _type(truth), crossed, Taken.QUARANTINED.value, at)
            for _ in range(truth.copies)
        ]
    if truth.fate in ("vanishes", "refused outside"):
        return []
    return [
        TakenIn(key, request, _type(truth), crossed, what.value, at)
        for what in (Taken.FIRST, Taken.REPEAT, Taken.REPEAT)[: truth.copies]
    ]


@given(st.lists(TRUTHS, max_size=30))
@settings(max_examples=300)
def test_what_is_said_is_what_happened(truths: list[Truth]) -> None:
    """Each transmission gets the one verdict that its story has, and the sums are right."""
    numbered = list(enumerate(truths))
    view = View(
        LATE,
        BOUND_SECONDS,
        covers={("gateway-2", "b00t"): Cover(1_000)},
        depths={"standing": Depth(3, LATE), "working": Depth(0, LATE), "empty": Depth(0, LATE)},
        queues={"Standing.1": ["empty", "standing"], "Working.1": ["working", "empty"]},
    )
    compared = compare(
        [_booked(number, truth) for number, truth in numbered if truth.gateway_wrote],
        [line for number, truth in numbered for line in _taken(number, truth)],
        [
            Stopped(_key(number, truth), f"r-{number}", f"d-{number}", "why", NOON)
            for number, truth in numbered
            if truth.fate in ("refused outside", "brought again", "corrected")
        ],
        view,
    )
    expected = Counter(truth.expected() for truth in truths)
    assert sum(compared.totals.values(), Counter()) == expected
    listed = {item.key.sequence: item.verdict for item in compared.items}
    plain = (Verdict.RECEIVED, Verdict.NOT_SENT)
    assert listed == {
        number: truth.expected() for number, truth in numbered if truth.expected() not in plain
    }
    wrote = sum(truth.gateway_wrote for truth in truths)
    assert compared.count(*OF_SENT) == wrote
    bad = (Verdict.LOST, Verdict.ALTERED, Verdict.INJECTED, Verdict.UNBOOKED)
    assert compared.fine == (not any(expected[verdict] for verdict in bad))


@given(st.lists(TRUTHS, max_size=10), st.randoms())
def test_the_order_of_the_entries_does_not_matter(truths: list[Truth], random: object) -> None:
    """A database may return them in any."""
    numbered = list(enumerate(truths))
    booked = [_booked(number, truth) for number, truth in numbered if truth.gateway_wrote]
    taken = [line for number, truth in numbered for line in _taken(number, truth)]
    view = View(LATE, BOUND_SECONDS)
    first = compare(booked, taken, [], view)
    random.shuffle(booked)  # type: ignore[attr-defined]
    random.shuffle(taken)  # type: ignore[attr-defined]
    again = compare(booked, taken, [], view)
    assert again.totals == first.totals
    assert [item[:5] for item in again.items] == [item[:5] for item in first.items]


def test_a_book_that_has_a_transmission_twice_is_never_fine() -> None:
    """A gateway numbers each of its sendings once: somebody wrote the other, whatever arrived."""
    key = Key("gateway-1", "b00t", 1)
    booked = Booked(key, "r-1", "Working.1", "d-1", NOON, Published.CONFIRMED.value, NOON)
    taken = TakenIn(key, "r-1", "Working.1", "d-1", Taken.FIRST.value, NOON)
    compared = compare([booked, booked], [taken], [], View(LATE, BOUND_SECONDS))
    assert [item.verdict for item in compared.items] == [Verdict.ALTERED]
    assert not compared.fine


def test_what_was_stopped_and_came_under_another_id_was_not_corrected() -> None:
    """An operator brings again what a guard stopped under its own id alone."""
    key = Key("gateway-1", "b00t", 1)
    booked = Booked(key, "r-1", "Working.1", "d-1", NOON, Published.CONFIRMED.value, NOON)
    taken = TakenIn(key, "another", "Working.1", "other", Taken.FIRST.value, NOON)
    stopped = Stopped(key, "r-1", "d-1", "why", NOON)
    compared = compare([booked], [taken], [stopped], View(LATE, BOUND_SECONDS))
    assert [item.verdict for item in compared.items] == [Verdict.ALTERED]
