"""PostgreSQL's primary dies under load, its standby is promoted, and everybody follows."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from adapters.database.engine import Database
from deploy.local.stack import Stack
from tests.acceptance.evidence_check import proof
from tests.acceptance.kill_check import compare
from tests.acceptance.kill_load import Load, with_clerk
from tests.contract.transports import until
from tests.production.stalls import Stalls, answered, stalls
from tests.servers.pair import ACCOUNT, PASSWORD, Pair, Server, pair
from tests.servers.promises import Shows
from tests.servers.system import running

# Somebody notices, and acts.
NOTICED_SECONDS = 2.0
WORKING_SECONDS = 2.0
FOLLOWED_SECONDS_MAX = 120.0
DONE_MIN = 20
# So long a commit is watched that must not end.
HANGS_SECONDS = 3.0


class Tried:
    """A load on a system over two servers, and who does what the runbook says."""

    def __init__(self, servers: Pair, load: Load, watched: Stalls, stack: Stack) -> None:
        self.servers, self.load, self.watched = servers, load, watched
        self._stack = stack
        self._pids = self._running()

    def works(self) -> bool:
        """Whether more is done from now on, and nobody was started anew."""
        before = answered(self.load.book)
        more = until(lambda: answered(self.load.book) >= before + DONE_MIN, FOLLOWED_SECONDS_MAX)
        return more and self._running() == self._pids

    def stands_still(self) -> bool:
        """Whether nothing is done for a while, once what was under way is over."""

        def unchanged() -> bool:
            before = answered(self.load.book)
            time.sleep(HANGS_SECONDS)
            return answered(self.load.book) == before

        return until(unchanged, FOLLOWED_SECONDS_MAX)

    def _running(self) -> dict[str, int]:
        return {name: one.pid for name, one in self._stack.processes.items() if one.alive()}


@contextmanager
def tried(folder: Path, shows: Shows, **more: str) -> Iterator[Tried]:
    """Let a load run; in the end what clients were told is what the database holds."""
    with pair() as servers, running(folder, servers.settings(folder)) as system:
        load = Load(system, with_clerk(system, folder))
        with stalls(load.book) as watched:
            load.start()
            try:
                yield Tried(servers, load, watched, system.stack)
            finally:
                load.finish()
        verdict, proved = compare(load.book, servers.rows()), proof(system)
    assert proved["fine"], proved
    assert not load.given_up
    assert verdict.fine(), (verdict.lost, verdict.doubled, verdict.wrong)
    shows(**more, longest_stall_seconds=f"{watched.longest_seconds:.1f}", in_all=verdict.line())


def fail_over(one: Tried, dead: Server, heir: Server) -> None:
    """Kill a server, promote the other, and see everybody follow."""
    assert one.works()
    dead.stop()
    time.sleep(NOTICED_SECONDS)
    heir.promote()
    assert one.works()


def confirms_nothing(server: Server) -> bool:
    """Whether a commit there does not end."""
    reached = (
        f"host=127.0.0.1 port={server.port} user={ACCOUNT} password={PASSWORD} dbname={ACCOUNT}"
    )
    connection = psycopg.connect(reached)
    connection.execute("UPDATE alembic_version SET version_num = version_num")
    wire = connection.pgconn
    wire.send_query(b"COMMIT")
    time.sleep(HANGS_SECONDS)
    wire.consume_input()
    hangs = bool(wire.is_busy())
    connection.close()
    return hangs


def answering(database: Database) -> set[str]:
    """Return the ports of the servers at which new connections of an application end."""
    database.close()
    with ExitStack() as opened:
        connections = [opened.enter_context(database.reading()) for _ in range(3)]
        return {one.execute(sa.text("SHOW port")).scalar_one() for one in connections}


@pytest.mark.promise(1)
def test_a_primary_is_killed_and_its_standby_promoted_and_all_follow(
    tmp_path: Path, shows: Shows
) -> None:
    """There and back again under load: lost 0, doubled 0; nobody is started anew."""
    with (
        tried(tmp_path, shows, failed_over="twice") as one,
        closing(one.servers.opened()) as runs,
        closing(one.servers.opened()) as begins,
    ):
        first, second = one.servers.first, one.servers.second
        assert answering(runs) == {str(first.port)}
        fail_over(one, dead=first, heir=second)
        assert answering(runs) == {str(second.port)}
        # It was put out, and somebody starts it all the same.
        first.start()
        assert confirms_nothing(first)
        # What it says of bookings is of before; nobody asks it, though it is the first named.
        assert answering(runs) == answering(begins) == {str(second.port)}
        first.stop()
        first.rewind(second)
        second.waits_for_standby()
        fail_over(one, dead=second, heir=first)
        second.copy(first)
        first.waits_for_standby()
        assert one.works()


@pytest.mark.promise(1)
def test_a_standby_that_dies_stops_all_until_a_person_lets_the_primary_go_on(
    tmp_path: Path, shows: Shows
) -> None:
    """Nothing is confirmed that only one server has, unless somebody says so."""
    with tried(tmp_path, shows, standby="killed") as one:
        first, second = one.servers.first, one.servers.second
        assert one.works()
        second.stop()
        assert one.stands_still()
        first.waits_for_nobody()
        assert one.works()
        second.start()
        first.waits_for_standby()
        assert one.works()
