"""An agency on the internet that books with zeep, once or all the time."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from deploy.local.programs import within
from tests.clients.job import CERTIFICATE, SOAP_11, SOAP_12, TEXT, Outcome
from tests.clients.matrix import ANSWERED, Visit, verdict
from tests.clients.stacks import ZEEP, Cell, agency_of
from tests.production.separated import Separated


@dataclass(slots=True)
class Meanwhile:
    """What was asked while something else went on, and what was wrong with the answers."""

    asked: int = 0
    wrong: list[str] = field(default_factory=list)


class Bookings:
    """Each life of a booking is one process in the internet's namespace."""

    def __init__(self, across: Separated) -> None:
        system = across.system
        self._day = system.opening + timedelta(days=10)
        self._agency = agency_of(system)
        there = replace(ZEEP, command=(*within(across.networks.internet), *ZEEP.command))
        self._cells = (Cell(there, SOAP_11, TEXT), Cell(there, SOAP_12, CERTIFICATE))

    def live(self, which: int = 0) -> tuple[list[Outcome], list[str]]:
        """Let one booking live: offers, place, read, change, confirm, cancel.

        Return the outcomes, and what is wrong with them.
        """
        cell = self._cells[which % len(self._cells)]
        steps = Visit(uuid.uuid4().hex[:12], self._day).answered()
        outcomes = cell.ask(self._agency, [step.call for step in steps])
        verdicts = [
            verdict(step, cell.soap, outcome)
            for step, outcome in zip(steps, outcomes, strict=True)
        ]
        return outcomes, [one for one in verdicts if one != ANSWERED]

    @contextmanager
    def meanwhile(self) -> Iterator[Meanwhile]:
        """Let one booking live after another until the block ends."""
        so_far, ended = Meanwhile(), threading.Event()

        def go_on() -> None:
            lives = 0
            while not ended.is_set():
                outcomes, wrong = self.live(lives)
                lives += 1
                so_far.asked += len(outcomes)
                so_far.wrong += wrong

        going = threading.Thread(target=go_on)
        going.start()
        try:
            yield so_far
        finally:
            ended.set()
            going.join()
