"""Schema versions: each set of tables has its own line of migrations, run by alembic.

The bridge's tables are one line, every application's another; a database holds the newest
version of each. A process refuses to start on any other, but for a newer one that only added to
its own: so an upgrade needs no standstill, and the program of before may come back.

A migration says ``additive = True`` where programs of the version before run on with it: it
makes tables, indexes that forbid nothing, and columns that may be left out, no more. What is to
be taken away goes with a later one, once no program asks for it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.database.engine import DB2, Database
from adapters.database.errors import Meaning, meaning
from adapters.database.tables import programs
from hub.errors import SettingsError

_HERE = Path(__file__).parent
BRIDGE = _HERE / "versions"
# From here on a database says which programs run on it.
NOTED_SINCE = "bridge_0008"


def line_of(version: str) -> str:
    """Return the line of a version: ``bridge`` of ``bridge_0001``."""
    return version.rpartition("_")[0]


def _number(version: str) -> int:
    return int(version.rpartition("_")[2])


class Db2Impl(DefaultImpl):
    """What alembic lacks to know Db2."""

    __dialect__ = DB2
    transactional_ddl = True


class _Context(MigrationContext):
    """Looks for the version table by reading it: Db2's catalogue may not be open to us."""

    def _has_version_table(self) -> bool:
        connection = self.connection
        if connection is None or connection.dialect.name != DB2:
            return super()._has_version_table()
        try:
            connection.execute(sa.select(self._version.c.version_num)).all()
        except sa.exc.SQLAlchemyError as error:
            if meaning(error) is Meaning.AWAY:
                raise
            return False
        return True

    def get_current_heads(self) -> tuple[str, ...]:
        """Return the versions of our lines; a database may hold those of other programs."""
        ours = {line_of(head) for head in self.script.get_heads()} if self.script else set()
        return tuple(head for head in super().get_current_heads() if line_of(head) in ours)

    def _ensure_version_table(self, purge: bool = False) -> None:  # noqa: FBT001, FBT002
        if self.connection is None or self.connection.dialect.name != DB2:
            super()._ensure_version_table(purge)
        elif not self._has_version_table():
            self._version.create(self.connection, checkfirst=False)


class Migrations:
    """The versions that this program knows, against those of a database."""

    def __init__(self, database: Database, lines: Sequence[Path]) -> None:
        """Know the bridge's migrations and those in the folders ``lines``."""
        self._database = database
        folders = [str(BRIDGE), *(str(line) for line in lines)]
        self._scripts = ScriptDirectory(str(_HERE), version_locations=folders)

    def wanted(self) -> tuple[str, ...]:
        """Return the newest version of each line."""
        return tuple(sorted(self._scripts.get_heads()))

    def present(self) -> tuple[str, ...]:
        """Return the versions that the database has; empty where it has none."""
        with self._database.begin() as connection:
            return tuple(sorted(self._context(connection).get_current_heads()))

    def upgrade(self) -> tuple[str, ...]:
        """Bring the database to the newest versions and return them."""
        if newer := set(self.present()) - self._known():
            raise SettingsError(
                f"The database has schema {_named(sorted(newer))}, which this program does not "
                "know: use the newer program."
            )
        with self._database.begin() as connection:
            context = self._context(connection)
            with Operations.context(context):
                context.run_migrations()
            self._note_programs(connection)
        return self.present()

    def check(self) -> None:
        """SettingsError where this program cannot run on the versions of the database.

        It can on its own, and on newer ones that say so. Lines of other applications in the same
        database are none of this one's business.
        """
        present = {line_of(version): version for version in self.present()}
        newer = {line: has for line, has in present.items() if has not in self._known()}
        oldest = self._oldest_programs() if newer else {}
        for wanted in self.wanted():
            line = line_of(wanted)
            if line not in newer and present.get(line) != wanted:
                raise SettingsError(
                    f"The database has schema {_named(sorted(present.values()))}, this program "
                    f"needs {_named(self.wanted())}: run 'lupu database upgrade'."
                )
            if line in newer and _number(wanted) < _number(oldest.get(line, newer[line])):
                raise SettingsError(
                    f"The database has schema {newer[line]}, on which this program of {wanted} "
                    "cannot run: start the newer program."
                )

    def _note_programs(self, connection: sa.Connection) -> None:
        for head in self._scripts.get_heads() if NOTED_SINCE in self._known() else ():
            row = {"line": line_of(head), "oldest": self._oldest(head)}
            connection.execute(programs.delete().where(programs.c.line == row["line"]))
            connection.execute(programs.insert().values(row))

    def _known(self) -> set[str]:
        return {step.revision for step in self._scripts.walk_revisions()}

    def _oldest(self, head: str) -> str:
        """Return the first version after which every one up to ``head`` only added."""
        step = self._scripts.get_revision(head)
        while step.down_revision and getattr(step.module, "additive", False):
            step = self._scripts.get_revision(str(step.down_revision))
        return step.revision

    def _oldest_programs(self) -> dict[str, str]:
        with self._database.reading() as connection:
            return {row.line: row.oldest for row in connection.execute(sa.select(programs))}

    def _context(self, connection: Any) -> MigrationContext:
        scripts = self._scripts

        def steps(present: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs("heads", present)  # noqa: SLF001

        options = {"script": scripts, "fn": steps}
        return _Context(connection.dialect, connection, options, None)


def _named(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "nothing"
