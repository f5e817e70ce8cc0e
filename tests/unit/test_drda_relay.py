"""The relay in front of Derby changes two things of one packet and nothing else."""

import pytest

from tests.servers.drda_relay import ACCRDB, DATA_FORMAT_WANTED, disguise

_PRODUCT = b"\x00\x0c\x11\x2e"


@pytest.mark.parametrize("encoding", ["cp500", "utf-8"])
def test_client_of_db2_becomes_client_of_derby(encoding: str) -> None:
    """In either encoding the product id is exchanged and the typed format withdrawn."""
    packet = ACCRDB + _PRODUCT + "SQL12014".encode(encoding) + DATA_FORMAT_WANTED
    wanted = ACCRDB + _PRODUCT + "DNC10000".encode(encoding) + b"\x00\x05\x21\x3b\xf0"
    assert disguise(packet) == wanted


def test_other_packets_pass_unchanged() -> None:
    """A packet without ACCRDB passes as it is, whatever else is in it."""
    packet = _PRODUCT + b"SQL12014" + DATA_FORMAT_WANTED
    assert disguise(packet) == packet
