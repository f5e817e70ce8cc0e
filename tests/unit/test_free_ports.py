"""Ports that tests and the demo are given."""

from itertools import islice

import pytest

from deploy.local import ports

BLOCKS = 10
# Where nobody else looks.
FIRST_PORT = 12_000


def test_two_that_look_at_the_same_time_are_given_no_port_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has blocks of its own until it ends, though neither listens on any port yet."""
    monkeypatch.setattr(ports, "FIRST_PORT", FIRST_PORT)
    monkeypatch.setattr(ports, "LAST_PORT", FIRST_PORT + BLOCKS * ports.BLOCK_PORTS)
    half = BLOCKS // 2 * (ports.BLOCK_PORTS - 1)
    one, other = ports.offered(), ports.offered()
    given = [*islice(one, half), *islice(other, half)]
    assert len(set(given)) == 2 * half
    one.close()
    assert set(islice(other, half)) <= set(given[:half])
