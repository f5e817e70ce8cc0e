"""Schema versions: each set of tables has its own line of migrations, run by alembic.

The bridge's tables are one line, every application's another; a database holds the newest
version of each. A process refuses to start on any other.
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
from hub.errors import SettingsError

_HERE = Path(__file__).parent
BRIDGE = _HERE / "versions"


def line_of(version: str) -> str:
    """Return the line of a version: ``bridge`` of ``bridge_0001``."""
    return version.rpartition("_")[0]


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
        newer = set(self.present()) - {step.revision for step in self._scripts.walk_revisions()}
        if newer:
            raise SettingsError(
                f"The database has schema {_named(sorted(newer))}, which this program does not "
                "know: use the newer program."
            )
        with self._database.begin() as connection:
            context = self._context(connection)
            with Operations.context(context):
                context.run_migrations()
        return self.present()

    def check(self) -> None:
        """SettingsError where the database has other versions than this program wants.

        Lines of other applications in the same database are none of this one's business.
        """
        wanted = self.wanted()
        own = {_line(version) for version in wanted}
        present = tuple(version for version in self.present() if _line(version) in own)
        if wanted != present:
            raise SettingsError(
                f"The database has schema {_named(present)}, this program needs "
                f"{_named(wanted)}: run 'lupu database upgrade'."
            )

    def _context(self, connection: Any) -> MigrationContext:
        scripts = self._scripts

        def steps(present: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs("heads", present)  # noqa: SLF001

        options = {"script": scripts, "fn": steps}
        return _Context(connection.dialect, connection, options, None)


def _line(version: str) -> str:
    """Return the line that a version belongs to: ``bridge_0001`` is the bridge's."""
    return version.rpartition("_")[0]


def _named(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "nothing"
