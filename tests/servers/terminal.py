"""Commands typed at a terminal of the system, run in the test's own process.

A process for each would take a processor most of a second, and a test may ask many times.
"""

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from lupu.commands import main


def typed(config: Path, *words: str) -> tuple[int, str]:
    """Type ``lupu`` and these words with a zone's configuration; return status and output."""
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(SystemExit) as ended:
        main([*words, "--config", str(config)])
    return int(ended.value.code or 0), said.getvalue()
