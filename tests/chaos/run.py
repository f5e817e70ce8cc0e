"""One run: load and faults for a time, then everything to its end, then the comparison."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.messages import QUARANTINE_QUEUE
from tests.acceptance.evidence_check import counts as proved_counts
from tests.acceptance.evidence_check import proof, verified
from tests.chaos import checker, figures
from tests.chaos.faults import on_clocks, on_links, on_processes
from tests.chaos.load import Load
from tests.chaos.plan import Fault, plan
from tests.chaos.records import FAULTS, TOLD, Record, read
from tests.chaos.rows import read as read_rows
from tests.chaos.storage import on_storage
from tests.chaos.throwing import Spawn, Throwing, living_threads
from tests.chaos.trust import on_certificates, on_messages
from tests.chaos.world import World, running_world

WARM_SECONDS, CALM_SECONDS = 3.0, 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run, and where its records are kept."""

    seconds: float
    faults: int
    seed: int
    database: str
    folder: Path
    clusters: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    asked: Asked
    verdict: checker.Verdict
    told: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    proved: str
    books_fine: bool
    quarantined: int
    errors: list[str]
    ended_by_themselves: list[str]

    def fine(self) -> bool:
        """Return whether every promise was kept, and the books know of nothing lost or foreign."""
        return self.verdict.fine() and self.books_fine


def all_faults(world: World) -> list[Fault]:
    """Return every fault that is thrown."""
    return [
        *on_processes(world),
        *on_links(world),
        *on_clocks(world),
        *on_storage(world),
        *on_messages(world),
        *on_certificates(world),
    ]


def run(asked: Asked) -> Outcome:
    """Run it."""
    told, faults = Record(asked.folder / TOLD), Record(asked.folder / FAULTS)
    system_folder = asked.folder / "system"
    made = running_world(system_folder, asked.database, clusters=asked.clusters)
    with living_threads() as spawn, made as world:
        throwing = _throw(asked, world, spawn, told, faults)
        try:
            proved = _proved(world)
            rows = read_rows(world.database)
            verdict = checker.compare(read(told.path), rows)
            if not verdict.fine():
                _keep_database(world, asked.folder)
        finally:
            throwing.end()
    return Outcome(
        asked,
        verdict,
        read(told.path),
        read(faults.path),
        *proved,
        throwing.errors,
        throwing.ended_by_themselves,
    )


def _throw(asked: Asked, world: World, spawn: Spawn, told: Record, faults: Record) -> Throwing:
    load = Load(world.system, told, asked.seed)
    planned = plan(all_faults(world), asked.faults, asked.seconds, asked.seed)
    throwing = Throwing(planned, faults)
    load.start()
    try:
        time.sleep(WARM_SECONDS)
        throwing.start(spawn, world.stack.processes)
        throwing.wait()
        time.sleep(CALM_SECONDS)
    finally:
        load.finish()
    return throwing


def _proved(world: World) -> tuple[str, bool, int]:
    """Return what the books come to, whether they are fine, and how much was kept out."""
    try:
        said = proof(world.system)
    except AssertionError:
        said = verified(world.system)
    found = ", ".join(f"{name} {count}" for name, count in sorted(proved_counts(said).items()))
    # Altered is what corrupt copies are called whose originals a wrong clock kept out too.
    fine = not any(proved_counts(said)[name] for name in ("lost", "injected", "unbooked"))
    kept = world.stack.outside.queue_messages()[QUARANTINE_QUEUE]
    return f"{said['sentence']} ({found})", fine, kept


def _keep_database(world: World, folder: Path) -> None:
    """Keep the database beside the records; its own disk goes with the run."""
    if world.postgresql is None:
        shutil.copytree(Path(world.database).parent, folder / "database")
        return
    dump = str(world.postgresql._bin / "pg_dump")
    subprocess.run((dump, "-d", world.database, "-f", folder / "database.sql"), check=True)


def table(outcome: Outcome) -> str:
    """Return everything that a run shows."""
    asked, verdict = outcome.asked, outcome.verdict
    told, faults = outcome.told, outcome.faults
    by_kind = figures.recoveries(told, faults)
    thrown = [fault for fault in faults if not fault["missed"]]
    began, ended = faults[0]["began"], max(fault["ended"] for fault in faults)
    seconds, at = figures.stall(told, began, ended)
    asked_by = " and ".join(sorted({one["client"] for one in told}))
    pace, missed = (ended - began) / max(len(thrown), 1), len(faults) - len(thrown)
    decided = verdict.done + verdict.refused
    brokers = ", each broker a cluster of three" if asked.clusters else ""
    meanwhile = ", ".join(figures.during(faults, at, at + seconds)) or "no fault"
    lines = (
        f"chaos: seed {asked.seed}, {(ended - began) / 60:.1f} min, {asked.database}{brokers}",
        "",
        figures.HEAD,
        *(found.row(kind) for kind, found in by_kind.items()),
        "",
        f"faults thrown {len(thrown)}, one each {pace:.1f} s; out of reach then {missed}",
        f"requests {verdict.requests}, by {asked_by}; accepted and answered {decided}",
        f"of these done {verdict.done}, refused {verdict.refused}; undecided {verdict.undecided}",
        f"answers {verdict.answers}: {figures.counts(told)}",
        f"longest stall {seconds:.1f} s, from second {at - began:.0f} on, during {meanwhile}",
        f"ended by themselves and started again: {outcome.ended_by_themselves or 'none'}",
        *(f"not recovered: {error}" for error in outcome.errors),
        f"messages in the quarantine outside: {outcome.quarantined}",
        f"the books of both sides: {outcome.proved}",
        *verdict.sentences()[:50],
        verdict.line(),
    )
    return "\n".join(lines)
