"""Pytest plugin: prints how many tests were skipped; in CI a skipped test fails the run."""

import pytest

from hub.settings import environment

SKIPPED_IN_CI = 1


def in_ci() -> bool:
    """Return whether this run must not skip."""
    return environment().get("CI", "").lower() in {"1", "true", "yes"}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI that skipped anything."""
    if in_ci() and _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = SKIPPED_IN_CI


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Say how many were skipped, also when none was."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        verdict = " (not allowed in CI)" if in_ci() and _skipped(config) else ""
        reporter.write_line(f"skipped: {_skipped(config)}{verdict}")


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return 0 if reporter is None else len(reporter.stats.get("skipped", []))
