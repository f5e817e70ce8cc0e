"""Each row of OPERATING.md on kept messages, tried as written on a bridge that works."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.parking import Place
from internal_apps.parking import opening
from tests.contract.transports import until
from tests.slice.duty import WAIT_SECONDS, Duty, on_duty
from tests.slice.duty_gateway import Gateway
from tests.slice.trials import Trial, mended_later
from tests.slice.trials_inside import bring_evidence_that_keyring
from tests.slice.trials_of_rows import TRIALS
from tests.structure.kept_rows import Row, kept_rows

ROWS = kept_rows()
KEY = re.compile(r"\bkey ([0-9a-f]{16})\b")


def row_of(trial: Trial) -> list[Row]:
    """Return the rows that a trial tries."""
    return [
        row
        for row in ROWS
        if (row.place, trial.kind in row.kinds, trial.cause in row.cause)
        == (trial.place, True, True)
    ]


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    """Offer one bridge to all trials; its operator's hand is in memory as its brokers are."""
    folder = tmp_path_factory.mktemp("duty")
    with on_duty(folder) as found, pytest.MonkeyPatch.context() as patched:
        patched.setattr(opening, "hand", found.hand)
        patched.chdir(folder)
        yield found


@pytest.fixture(scope="module")
def gateway(duty: Duty) -> Gateway:
    """Offer its gateway."""
    return Gateway(duty)


class Night:
    """One trial under way."""

    def __init__(self, gateway: Gateway, trial: Trial, row: Row) -> None:
        self.gateway, self.trial, self.row = gateway, trial, row
        self.duty = gateway.duty
        self.message = trial.message(gateway)
        self.request = str(self.message.id)
        self.number = ""
        self.name = ""
        self.key = ""

    def listed(self) -> list[dict[str, object]]:
        """Return what is listed at the place, as a person sees it."""
        parked = self.trial.place is Place.PARKED
        words = "parked list" if parked else f"quarantine list --side {self.trial.place.value}"
        return list(json.loads(self.duty.run(f"lupu {words} --json").strip() or "[]"))

    def find(self) -> None:
        """See what is wrong: one message, of this kind, for the words of the row."""
        assert until(lambda: self.duty.kept() > 0, WAIT_SECONDS), "it was not kept"
        (kept,) = self.listed()
        self.name, reason = str(kept["id"]), kept["reason"]
        assert isinstance(reason, dict)
        self.key = "".join(KEY.findall(reason["sentence"]))
        assert reason["kind"] == self.trial.kind, reason
        said = [word for row in ROWS for word in self._words(row) if word in reason["sentence"]]
        assert not said or set(said) <= set(self.row.words), (said, self.row)
        assert not self.row.words or said, (reason, self.row.words)

    def _words(self, row: Row) -> tuple[str, ...]:
        same = row.place is self.row.place and self.trial.kind in row.kinds
        return row.words if same else ()

    def do(self) -> None:
        """Do what the row says, command by command."""
        self.trial.mend(self.gateway, self.message)
        for command in self.row.commands:
            line = self.filled(command)
            if line.startswith("lupu agents"):
                self.duty.agents_are_known(lambda line=line: self.duty.run(line))  # type: ignore[misc]
                continue
            said = self.duty.run(line)
            if found := re.search(r"correction (\d+)", said):
                self.number = found[1]
            if "once.json" in line:
                bring_evidence_that_keyring(self.gateway)
                assert until(lambda: self.duty.outcome(self.request) != "", WAIT_SECONDS), said
            if "> fix.xml" in line:
                self.correct(Path("fix.xml"))
            if " replay " in line:
                assert until(lambda: self.duty.outcome(self.request) != "", WAIT_SECONDS), said

    def filled(self, command: str) -> str:
        """Return a command with its names in capitals filled in."""
        names = {
            "MESSAGE": self.name,
            "REQUEST": self.name,
            "NUMBER": self.number,
            "KIND": self.trial.kind,
            "KEY": self.key,
            "AGENCY": self.message.id.sender.partition(":")[2],
        }
        return re.sub(r"\b(?:" + "|".join(names) + r")\b", lambda m: names[m[0]], command)

    def correct(self, path: Path) -> None:
        """Correct the file as somebody with an editor does."""
        before, after = self.trial.corrects
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")

    def handled(self) -> None:
        """It is handled, told, and told again to who asks again: once."""
        request = self.request
        assert until(lambda: self.duty.outcome(request) == "DONE", WAIT_SECONDS)
        assert until(lambda: self.gateway.answers(request) == ["DONE"], WAIT_SECONDS)
        if self.trial.again is not None:
            self.trial.again(self.gateway, self.message)
            assert until(lambda: self.gateway.answers(request) == ["DONE"] * 2, WAIT_SECONDS)
        assert self.effects() == 1

    def gone(self) -> None:
        """Nothing of it is inside; its sender may send it again."""
        assert self.duty.outcome(self.request) == ""
        assert self.gateway.answers(self.request) == []
        assert self.effects() == 0
        if self.trial.again is not None:
            self.trial.again(self.gateway, self.message)
            assert until(lambda: self.duty.outcome(self.request) == "DONE", WAIT_SECONDS)
            assert self.effects() == 1

    def refused(self) -> None:
        """It ends in DISCARDED, which its sender is told, and told again."""
        assert self.duty.outcome(self.request) == "DISCARDED"
        assert until(lambda: self.gateway.answers(self.request) == ["DISCARDED"], WAIT_SECONDS)
        assert self.trial.again is not None
        self.trial.again(self.gateway, self.message)
        told = ["DISCARDED"] * 2
        assert until(lambda: self.gateway.answers(self.request) == told, WAIT_SECONDS)
        assert self.effects() == 0

    def effects(self) -> int:
        """Return how many rows it made."""
        if self.message.type == "BookPage.1":
            boot = self.message.id.reference.split(".")[0]
            return len(self.duty.rows("SELECT * FROM evidence_books WHERE boot = ?", boot))
        placed = "SELECT * FROM bookings WHERE placed_as = ?"
        return len(self.duty.rows(placed, self.message.id.reference))


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_what_a_row_says_is_right(duty: Duty, gateway: Gateway, trial: Trial) -> None:
    """A message earns its reason, its row is done as written, and it ends as the row says."""
    (row,) = row_of(trial)
    night = Night(gateway, trial, row)
    with mended_later(duty):
        trial.provoke(gateway, night.message)
        night.find()
        night.do()
        {"handled": night.handled, "gone": night.gone, "refused": night.refused}[row.ends]()
        assert duty.kept() == 0


def test_each_row_has_its_trial() -> None:
    """No row is there that nobody has tried, for each kind that it names, and no trial twice."""
    tried = [(row, trial.kind) for trial in TRIALS for row in row_of(trial)]
    assert sorted(map(str, tried)) == sorted(
        str((row, kind)) for row in ROWS for kind in row.kinds
    )
