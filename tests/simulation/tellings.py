"""What clients were told, held against what is stored."""

from collections.abc import Callable, Iterator

from hub.envelope import RequestId
from hub.messages import message_type
from hub.ports import InboxEntry, InboxState
from tests.simulation.agents import NO_ANSWER, NOT_ACCEPTED, NOT_YET, Agents, Try
from tests.simulation.documents import DOCUMENTS
from tests.simulation.model import DONE
from tests.simulation.system import System

REUSED = "REFERENCE_REUSED"
# So long a gateway remembers what it may have sent.
REMEMBERED_SECONDS = 3_600.0


class Tellings:
    """Looks at every answer of a run."""

    def __init__(
        self, system: System, agents: Agents, may_lack: Callable[[RequestId], bool]
    ) -> None:
        """``may_lack``: whether a request has no outcome for a reason that is known."""
        self._system = system
        self._agents = agents
        self._books = system.database.books
        self._may_lack = may_lack

    def faults(self) -> Iterator[str]:
        """Yield every answer that should have been another."""
        yield from self._told()
        yield from self._told_no_though_sent()

    def _told(self) -> Iterator[str]:
        """What clients were told is the stored outcome, and never what was before it."""
        for tried in self._agents.tries:
            entry = self._books.inbox.get(str(tried.id))
            if tried.is_question:
                yield from self._told_question(tried)
            elif tried.is_final():
                yield from self._told_final(tried, entry)
            elif tried.code == "RECEIVED" and entry is None and not self._may_lack(tried.id):
                yield f"{tried.id} was told RECEIVED and has no outcome"
            elif tried.code == "PENDING" and self._was_known(tried):
                yield f"{tried.id} was told PENDING after it had its outcome"

    def _told_final(self, tried: Try, entry: InboxEntry | None) -> Iterator[str]:
        row = message_type(f"{tried.id.operation}.1")
        is_same = entry and DOCUMENTS.digest(row.element, tried.body) == entry.digest
        if entry is None or (is_same and entry.state is not InboxState.HANDLED):
            yield f"{tried.id} was told {tried.code} and has no outcome"
            return
        expected = entry.outcome_code if is_same else REUSED
        if tried.code != expected:
            yield f"{tried.id} was told {tried.code} and should have been told {expected}"
        elif tried.code == DONE and entry.answer and tried.document != entry.answer.body:
            yield f"{tried.id} was told another document than the stored one"

    def _told_question(self, tried: Try) -> Iterator[str]:
        operation = DOCUMENTS.values(tried.body)["AnswerTo"]["Operation"]
        id_ = RequestId(tried.id.sender, operation, tried.id.reference)
        entry = self._books.inbox.get(str(id_))
        known = self._system.database.handled_at.get(str(id_))
        status = tried.status()
        if status in NOT_YET:
            if known is not None and known < tried.asked_at:
                yield f"who asked for {id_} was told {status} after it had its outcome"
        elif tried.is_final():
            if entry is None or entry.outcome_code != status:
                yield f"who asked for {id_} was told {status}"
            elif status == DONE and entry.answer is not None:
                told, stored = (
                    DOCUMENTS.values(body)["Booking"]
                    for body in (tried.document, entry.answer.body)
                )
                if told != stored:
                    yield f"who asked for {id_} was told of another booking"

    def _told_no_though_sent(self) -> Iterator[str]:
        """Who repeats what this gateway may have sent is not told that nothing was sent."""
        came: dict[tuple[str, bytes, int], float] = {}
        for tried in sorted(self._agents.tries, key=lambda one: one.told_at):
            key = str(tried.id), tried.body, id(tried.gateway)
            if tried.is_question or tried.gateway is None or tried.code == NO_ANSWER:
                continue
            if tried.code != NOT_ACCEPTED:
                came.setdefault(key, tried.told_at)
            elif came.get(key, tried.asked_at) < tried.asked_at and (
                tried.told_at < came[key] + REMEMBERED_SECONDS
            ):
                yield f"{tried.id} was told NOT_ACCEPTED where it may have been sent before"

    def _was_known(self, tried: Try) -> bool:
        known = self._system.database.handled_at.get(str(tried.id))
        return known is not None and known < tried.asked_at
