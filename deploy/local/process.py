"""A child process that never outlives us: started in a session of its own, ended whole."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.ports import POLL_SECONDS
from deploy.local.programs import program, within
from hub import settings
from hub.errors import LupuError

STOP_SECONDS_MAX = 15.0
READY_SECONDS_MAX = 60.0
TAIL_LINES = 15


class ProcessFailed(LupuError):
    """A process ended or did not become ready; the sentence has the end of its log."""


class Process:
    """One program, its log file and its process group.

    The kernel kills the program when the thread that started it ends, so start it from the
    main thread: even a runner that is killed leaves nothing behind.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
        folder: Path | None = None,
        network: str = "",
    ) -> None:
        self.name = name
        self.log = log
        setpriv = str(program("setpriv", "util-linux"))
        # Into the network first: only root may enter one.
        self._command = [*within(network), setpriv, "--pdeathsig", "KILL"]
        if user:
            self._command += ["--reuid", user, "--regid", user, "--init-groups"]
        self._command += ["--", *command]
        self._environment = dict(settings.environment() if environment is None else environment)
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._group_ended = False

    @property
    def pid(self) -> int:
        """The program's process id; ProcessFailed before it was started."""
        if self._child is None:
            raise ProcessFailed(f"{self.name} was not started.")
        return self._child.pid

    def start(self) -> None:
        """Start the program; its output is added to the log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603  the caller's own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )
        self._group_ended = False

    def alive(self) -> bool:
        """Return whether the program runs."""
        return self._child is not None and self._child.poll() is None

    def exit_status(self) -> int | None:
        """Return the exit status; None while it runs."""
        return None if self._child is None else self._child.poll()

    def wait_ready(
        self, ready: Callable[[], bool], seconds_max: float = READY_SECONDS_MAX
    ) -> None:
        """Wait until ``ready``; ProcessFailed with the log's end where that does not happen."""
        deadline = time.monotonic() + seconds_max
        while not ready():
            if not self.alive():
                raise ProcessFailed(f"{self.name} ended while starting.\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"{self.name} was not ready in {seconds_max:.0f} s.\n{self.tail()}"
                )
            time.sleep(POLL_SECONDS)

    def terminate(self) -> None:
        """Ask the program to end; returns at once."""
        if self._child is not None and self.alive():
            self._child.terminate()

    def stop(self, seconds_max: float = STOP_SECONDS_MAX) -> bool:
        """Ask the program to end, then end its whole group; return whether it ended by itself."""
        if self._child is None:
            return True
        self.terminate()
        try:
            self._child.wait(seconds_max)
            gently = True
        except subprocess.TimeoutExpired:
            gently = False
        self._kill_group()
        return gently

    def kill(self) -> None:
        """Kill the whole group with SIGKILL, as a crash would."""
        if self._child is not None:
            self._kill_group()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        if self.alive():
            os.kill(self.pid, number)

    def tail(self) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def _kill_group(self) -> None:
        if self._child is None or self._group_ended:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._group_ended = True
