"""What is compiled to C is the same product: the same tests hold it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub import settings

ROOT = Path(__file__).resolve().parents[2]
COMPILED = [
    line for line in (ROOT / "compiled.txt").read_text("utf-8").splitlines() if line[0] != "#"
]
# Of what the compiled modules do: taking frames apart, sealing, guarding, moving.
HELD_BY = (
    *("tests/unit/test_amqp_frames.py", "tests/unit/test_channel.py"),
    *("tests/unit/test_channel_aside.py", "tests/unit/test_channel_pauses.py"),
    *("tests/unit/test_envelope.py", "tests/unit/test_flow.py", "tests/unit/test_guard.py"),
    *("tests/unit/test_guard_own.py", "tests/unit/test_guard_proof.py"),
    *("tests/unit/test_guard_rates.py", "tests/unit/test_guard_seal.py"),
    *("tests/unit/test_subscription.py", "tests/contract/test_sealing.py"),
    "tests/contract/test_transport.py",
)
MODULES = [path.removesuffix(".py").replace("/", ".") for path in COMPILED]


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Return an environment whose Python takes Lupu as it was compiled."""
    subprocess.run(["make", "compiled"], cwd=ROOT, check=True)
    return {**settings.environment(), "PYTHONPATH": str(ROOT / "build" / "compiled")}


def test_every_module_that_is_to_be_compiled_is(environment: Mapping[str, str]) -> None:
    """Whoever installs the compiled Lupu runs compiled code, module by module."""
    asked = f"import {', '.join(MODULES)}; print(*[m.__file__ for m in ({', '.join(MODULES)},)])"
    command = [sys.executable, "-P", "-c", asked]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert len(said.stdout.split()) == len(COMPILED)
    assert [path for path in said.stdout.split() if not path.endswith(".so")] == []


def test_the_compiled_product_keeps_the_same_promises(environment: Mapping[str, str]) -> None:
    """The tests of what was compiled pass on it as they pass on the source."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--import-mode=append", "-x"]
    tests = subprocess.run(
        [*command, "-p", "no:cacheprovider", *HELD_BY],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout[-4_000:]
