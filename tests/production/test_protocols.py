"""No listener speaks an old protocol or a weak cipher."""

import re
import subprocess
from pathlib import Path

import pytest

from certs.authority import Issued, Purpose
from deploy.haproxy.configuration import Entrance, agents_section, staff_section
from deploy.local.haproxy import Haproxy
from deploy.local.ports import LOOPBACK, free_port
from tests.production.matrix import Matrix
from tests.production.sides import Side
from tests.servers.brokers import Authorities
from tests.servers.promises import Shows

WEAK = {
    "TLS 1.0": ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
    "TLS 1.1": ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
    "AES-CBC": ("-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
    "3DES, RC4, NULL": ("-tls1_2", "-cipher", "3DES:RC4:NULL:@SECLEVEL=0"),
    "no forward secrecy": ("-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"),
}
STRONG = ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")


def _offers(port: int, how: tuple[str, ...], shown: Issued) -> str:
    """Shake hands as ``how`` says; return what is refused, nothing if it is not."""
    own = ("-cert", str(shown.certificate), "-key", str(shown.key))
    command = ["openssl", "s_client", "-connect", f"{LOOPBACK}:{port}", *how, *own]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    # TLS below 1.2 is off by default in OpenSSL too: only an answer of the server's counts.
    if done.returncode == 0 and "Cipher is (NONE)" not in done.stdout:
        return ""
    found = re.search(r"alert [a-z ]+", done.stderr)
    assert found or "no cipher match" not in done.stderr, done.stderr
    return found[0] if found else done.stderr.strip().splitlines()[0][-40:]


def _no_weaker(where: str, port: int, shown: Issued, matrix: Matrix) -> None:
    assert _offers(port, STRONG, shown) == ""
    for weak, how in WEAK.items():
        said = _offers(port, how, shown)
        assert said, f"{where} takes {weak}"
        matrix.note(where, weak, said)


@pytest.mark.promise(2)
def test_a_broker_speaks_no_old_protocol_and_no_weak_cipher(
    side: Side, matrix: Matrix, shows: Shows
) -> None:
    """TLS 1.2 with forward secrecy and authenticated encryption is the least."""
    where, shown = f"{side.authority.side} broker", side.authority.issued(side.name)
    _no_weaker(where, side.broker.port, shown, matrix)
    shows(refused_at=where, protocols_and_ciphers=len(WEAK), spoken=0)


@pytest.mark.promise(2)
def test_neither_entrance_speaks_an_old_protocol_or_a_weak_cipher(
    authorities: Authorities, tmp_path: Path, matrix: Matrix, shows: Shows
) -> None:
    """Of the agents' and of the staff's HAProxy."""
    own = authorities.edge.ensure("edge", Purpose.SERVER)
    agents, staff = (
        Entrance(LOOPBACK, free_port(), own, {name: tmp_path / "none.sock"})
        for name in ("gateway-1", "staff-1")
    )
    sections = {
        agents_section(agents, authorities.agents.certificate): agents,
        staff_section(staff): staff,
    }
    proxy = Haproxy(tmp_path / "haproxy", sections)
    proxy.start()
    try:
        shown = authorities.agents.ensure("1001", Purpose.CLIENT)
        for where, entrance in (("agents' entrance", agents), ("staff's entrance", staff)):
            _no_weaker(where, entrance.port, shown, matrix)
    finally:
        proxy.stop()
    shows(refused_at="both entrances", protocols_and_ciphers=2 * len(WEAK), spoken=0)
