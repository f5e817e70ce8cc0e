"""A migration that says it only adds does only add."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext

from adapters.database.migrations import BRIDGE
from lupu.opened import lines

VERSIONS = sorted(path for line in (BRIDGE, *lines()) for path in line.glob("*_[0-9]*.py"))


@contextmanager
def recorded() -> Iterator[list[ops.MigrateOperation]]:
    """Have alembic write down what a migration asks for, and do nothing."""
    asked: list[ops.MigrateOperation] = []

    def write_down(_operations: Operations, operation: ops.MigrateOperation) -> Any:
        asked.append(operation)
        return operation.to_table() if isinstance(operation, ops.CreateTableOp) else None

    def refuse(_operations: Operations) -> Any:
        raise AssertionError("it reads or changes rows")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Operations, "invoke", write_down)
        patched.setattr(Operations, "get_bind", refuse)
        with Operations.context(MigrationContext.configure(dialect_name="sqlite")):
            yield asked


def loaded(path: Path) -> ModuleType:
    """Import a migration from its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def takes_away(asked: list[ops.MigrateOperation]) -> list[str]:
    """Return the operations that a program of before could stumble over."""
    made = {one.table_name for one in asked if isinstance(one, ops.CreateTableOp)}

    def is_harmless(one: ops.MigrateOperation) -> bool:
        if isinstance(one, ops.CreateIndexOp):
            return not one.unique or one.table_name in made
        if isinstance(one, ops.AddColumnOp):
            return bool(one.column.nullable or one.column.server_default is not None)
        if isinstance(one, ops.BulkInsertOp):
            return one.table.name in made
        return isinstance(one, ops.CreateTableOp)

    return [type(one).__name__ for one in asked if not is_harmless(one)]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_what_says_that_it_only_adds_does(path: Path) -> None:
    """Tables, columns that may be left out, indexes that forbid nothing: no more."""
    migration = loaded(path)
    if getattr(migration, "additive", False):
        with recorded() as asked:
            migration.upgrade()
        assert asked
        assert takes_away(asked) == []


def test_what_takes_away_is_found_out() -> None:
    """A column that must be given, a unique index, a statement: each is named."""
    with recorded() as asked:
        op.add_column("inbox", sa.Column("must", sa.Integer, nullable=False))
        op.create_index("once", "inbox", ["must"], unique=True)
        op.drop_column("inbox", "subject")
        op.execute("DELETE FROM inbox")
        op.add_column("inbox", sa.Column("may", sa.Integer, nullable=True))
    named = ["AddColumnOp", "CreateIndexOp", "DropColumnOp", "ExecuteSQLOp"]
    assert takes_away(asked) == named
