"""Exit codes, and how an error becomes one sentence and one of them."""

import enum
import sys
import traceback
from collections.abc import Callable

from hub.errors import LupuError, NeverWorks, SettingsError, TryAgain


class Exit(enum.IntEnum):
    """What the exit status says."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    AWAY = 4
    REFUSED = 5
    BUG = 70
    BROKEN_OFF = 130


MEANINGS = {
    Exit.FINE: "done",
    Exit.FAILED: "not done, or a check is not fine; the sentence says why",
    Exit.USAGE: "the command was not understood",
    Exit.SETTINGS: "the configuration is wrong; nothing was started",
    Exit.AWAY: "a broker or database is away; the same command may work later",
    Exit.REFUSED: "refused; the same command will be refused again",
    Exit.BUG: "a mistake in Lupu itself",
    Exit.BROKEN_OFF: "broken off at the keyboard; what it had done by then is done",
}

EPILOG = "Exit status: " + "; ".join(f"{code.value} {text}" for code, text in MEANINGS.items())


def exit_code(error: LupuError) -> Exit:
    """Return the exit code of an error's class."""
    if isinstance(error, SettingsError):
        return Exit.SETTINGS
    if isinstance(error, TryAgain):
        return Exit.AWAY
    if isinstance(error, NeverWorks):
        return Exit.REFUSED
    return Exit.FAILED


def guarded(command: Callable[[], None]) -> int:
    """Run ``command``; print its error as one sentence and return the exit status."""
    try:
        command()
    except LupuError as error:
        print(f"lupu: {error}", file=sys.stderr)  # noqa: T201  this is a command line
        return exit_code(error)
    except KeyboardInterrupt:
        return Exit.BROKEN_OFF
    except Exception:  # noqa: BLE001  the last place that can give it a status and a sentence
        traceback.print_exc()
        print(f"lupu: {MEANINGS[Exit.BUG]}; please report the lines above.", file=sys.stderr)  # noqa: T201
        return Exit.BUG
    return Exit.FINE
