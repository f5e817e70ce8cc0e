"""What a process has used, as the kernel counts it."""

import os
from pathlib import Path

from bench.figures import Figure

MIB = 1_024 * 1_024
_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Ended(Exception):
    """A process that was to be measured has ended; the figure would be that of the others."""


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has had resident; Ended where it does not run."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1_024 / MIB
    raise Ended(f"process {pid}")


class Peaks:
    """The peak memory of each process by name, the highest of all runs."""

    def __init__(self) -> None:
        self._mib: dict[str, float] = {}

    def look(self, name: str, pid: int) -> None:
        """Note the peak of a process that still runs."""
        self._mib[name] = max(self._mib.get(name, 0.0), peak_mib(pid))

    def figures(self) -> list[Figure]:
        """Return one figure a process."""
        return [Figure(f"memory.{name}", mib, "MiB") for name, mib in sorted(self._mib.items())]


def descendants(pid: int) -> list[int]:
    """Return a process and everything that it has started, itself first."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text("utf-8").split()]
    return found
