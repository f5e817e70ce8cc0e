"""Books cross page by page, in order, until the inside has acknowledged each."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.envelope import Message
from hub.errors import Refusal
from hub.evidence import LINES_MAX, NOTHING, Page
from hub.ports import Answer, Published
from hub.refusals import DISCARDED, PENDING, REFERENCE_REUSED, REQUEST_TOO_OLD
from internal_apps.answering import refused
from internal_apps.evidence.domain import NEW, Checked, Known, check
from tests.structure.source import ROOT
from tests.unit.evidence.books import World, taken


def checked(pages: list[Page], known: Known = NEW) -> list[Checked]:
    """Take pages of one part in, one after the other, as evidence does."""
    found = []
    for page in pages:
        one = check(page, known, None)
        known = Known(page.number, page.digest(), one.chain, one.closed)
        found.append(one)
    return found


def silent(_message: Message) -> None:
    """Answer nothing."""


def reused(_message: Message) -> Answer:
    """Answer that the reference stands for something else."""
    return refused(REFERENCE_REUSED)


def test_what_was_written_comes_across_with_how_it_ended(tmp_path: Path) -> None:
    """Each request once, on pages that follow each other, with nothing wrong."""
    world = World(tmp_path)
    world.send(reference="A-1")
    world.pages.turn()
    world.send(reference="A-2", ending=Published.REFUSED)
    world.pages.turn()
    world.pages.turn()
    all_checked = checked(world.asking.pages())
    assert [one.findings for one in all_checked] == [[], [], []]
    sent = {pair[0].request: pair[1] for one in all_checked for pair in one.sent}
    assert sent["agent:1001/PlaceBooking/A-1"] is not None
    ended = sent["agent:1001/PlaceBooking/A-2"]
    assert ended is not None
    assert ended.ending is Published.REFUSED


def test_a_page_comes_though_nothing_was_written(tmp_path: Path) -> None:
    """It says that the gateway is there; the page before it stands on it like any request."""
    world = World(tmp_path)
    for _ in range(3):
        world.pages.turn()
    pages = world.asking.pages()
    assert [page.number for page in pages] == [1, 2, 3]
    assert pages[0].before == NOTHING
    assert [page.before for page in pages[1:]] == [page.digest() for page in pages[:2]]
    requests = [pair[0].request for one in checked(pages) for pair in one.sent]
    assert requests == [f"gateway:gateway-1/BookPage/b00t.1.{number}" for number in (1, 2)]


def test_a_long_book_is_cut_into_pages_of_bounded_size(tmp_path: Path) -> None:
    """All of it comes in one turn, and only the last page says that it is complete."""
    world = World(tmp_path)
    for number in range(LINES_MAX):
        world.send(reference=f"A-{number}")
    world.pages.turn()
    pages = world.asking.pages()
    assert [len(page.lines) for page in pages[:2]] == [LINES_MAX, LINES_MAX]
    assert [page.complete for page in pages] == [False, False, True]
    assert all(not one.findings for one in checked(pages))


def test_a_page_that_was_not_sent_is_sent_at_the_next_turn(tmp_path: Path) -> None:
    """While the broker is away nothing is in doubt, so nothing is waited for."""
    world = World(tmp_path)
    world.asking.published = Published.NOT_SENT
    world.pages.turn()
    world.asking.published = Published.CONFIRMED
    world.pages.turn()
    assert [page.number for page in world.asking.pages()] == [1]


def test_a_number_that_the_inside_has_otherwise_is_said_and_passed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A forged page that came first stops no book; both sides say so."""
    world = World(tmp_path)
    world.asking.inside = reused
    world.pages.turn()
    world.asking.inside = taken
    world.pages.turn()
    assert [page.number for page in world.asking.pages()] == [1, 2]
    assert "book.page_refused" in [record.message for record in caplog.records]


@pytest.mark.parametrize("refusal", [REQUEST_TOO_OLD, DISCARDED])
def test_a_page_that_the_inside_will_never_take_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, refusal: Refusal
) -> None:
    """The gap is said here with its code, and found inside at the next page."""
    world = World(tmp_path)
    world.asking.inside = lambda _message: refused(refusal)
    world.pages.turn()
    world.asking.inside = taken
    world.pages.turn()
    assert [page.number for page in world.asking.pages()] == [1, 2]
    (said,) = [record for record in caplog.records if record.message == "book.page_refused"]
    assert said.__dict__["code"] == refusal.code


def test_a_page_that_is_not_decided_on_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be parked inside: nothing overtakes it, and nothing is wrong."""
    world = World(tmp_path)
    world.asking.inside = lambda _message: refused(PENDING)
    for _ in range(2):
        world.pages.turn()
    assert [page.number for page in world.asking.pages()] == [1]
    assert caplog.records == []


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_books_of_a_start_that_was_killed_are_taken_in_by_the_next(
    tmp_path: Path, turns: int
) -> None:
    """Its pages go on where they were, to its end, before those of the new start."""
    first = World(tmp_path, "first")
    first.send(reference="A-1")
    for _ in range(turns):
        first.pages.turn()
    first.asking.inside = silent
    first.send(reference="A-2", ending=None)
    first.pages.turn()
    first.die()
    second = World(tmp_path, "second", clock=first.clock)
    second.pages.turn()
    old = {page.number: page for page in first.asking.pages()}
    came = second.asking.pages()
    for page in came:
        if page.boot == "first":
            assert old.get(page.number, page) == page
            old[page.number] = page
    assert [page.boot for page in came][-1] == "second"
    all_checked = checked([old[number] for number in sorted(old)])
    assert all(not one.findings for one in all_checked)
    assert all_checked[-1].closed == "killed"
    sent = [pair for one in all_checked for pair in one.sent]
    by_request = {one.request: ended for one, ended in sent}
    assert by_request["agent:1001/PlaceBooking/A-2"] is None
    assert [path.name for path in second.files(".done")] == ["first.000001.done"]
    second.pages.turn()
    assert [page.boot for page in second.asking.pages()][len(came) :] == ["second"]


def test_books_that_the_inside_has_are_kept_a_while_and_then_pruned(tmp_path: Path) -> None:
    """The setting says how long; what it has not is never pruned."""
    first = World(tmp_path, "first")
    first.book.close()
    second = World(tmp_path, "second")
    second.pages.turn()
    (done,) = second.files(".done")
    then = second.clock.now().timestamp() - 29 * 86_400
    os.utime(done, (then, then))
    second.pages.turn()
    assert second.files(".done") == [done]
    second.clock.move(days=2)
    second.pages.turn()
    assert second.files(".done") == []
    assert len(second.files()) == 1


def test_each_part_crosses_to_its_end(tmp_path: Path) -> None:
    """The next part says with what the one before it ended, and the inside finds nothing wrong."""
    world = World(tmp_path, bytes_max=1_500)
    for _ in range(8):
        world.send()
        world.pages.turn()
    parts: dict[int, list[Page]] = {}
    for page in world.asking.pages():
        parts.setdefault(page.part, []).append(page)
    before: Known | None = None
    for part, pages in sorted(parts.items()):
        known = NEW
        for page in pages:
            one = check(page, known, before)
            assert one.findings == [], part
            known = Known(page.number, page.digest(), one.chain, one.closed)
        before = known
    assert len(parts) > 2


_WRITES = """
import sys
from pathlib import Path
from tests.unit.evidence.books import World
world = World(Path(sys.argv[1]), "killed", bytes_max=20_000)
number = 0
while True:
    number += 1
    world.send(reference=f"A-{number}")
    print(number, flush=True)
    if number % 7 == 0:
        world.pages.turn()
"""


@pytest.mark.parametrize("after", [1, 40, 200])
def test_a_real_process_that_is_killed_leaves_all_it_was_told_is_written(
    tmp_path: Path, after: int
) -> None:
    """Kill -9 in the middle of writing: every request that went on to be sent is in the books."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITES, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(after):
        said = process.stdout.readline()
    time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0].split()
    last = int(rest[-1] if rest else said)
    world = World(tmp_path, "next")
    world.pages.turn()
    parts: dict[tuple[str, int], list[Page]] = {}
    for page in world.asking.pages():
        parts.setdefault((page.boot, page.part), []).append(page)
    assert world.files(".done")
    requests: set[str] = set()
    for path in world.files(".done"):
        text = path.read_text("ascii")
        requests |= {line.split()[3] for line in text.splitlines() if line.startswith("S ")}
    for number in range(1, last + 1):
        assert f"agent:1001/PlaceBooking/A-{number}" in requests
    world.die()
