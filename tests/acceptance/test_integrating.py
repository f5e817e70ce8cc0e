"""What INTEGRATING tells an agency's programmer is done here as it stands."""

import re
import shutil
import socket
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Authority, KeyKind, Purpose
from certs.keystores import Reader, export_key_store
from tests.contract.transports import until
from tests.servers.agency import told
from tests.servers.system import System

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PASSPHRASE = "changeit"


def blocks(name: str, word: str) -> list[str]:
    """Return the shell blocks of a document that run a certain program."""
    return [one for one in _BLOCK.findall((ROOT / name).read_text("utf-8")) if f"\n{word}" in one]


def run(script: str, system: System, folder: Path) -> str:
    """Run a block in a shell with the variables that the document sets; return its output."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "URL": system.base_url,
        "CA": str(system.ca_file),
        "PASSWORD": system.password,
        "DAY": str(system.opening + timedelta(days=10)),
    }
    done = subprocess.run(
        ["bash", "-ec", script],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["INTEGRATING.md", "INTEGRATING.zh-CN.md"])
def test_the_raw_requests_work_as_written(
    name: str, running_system: System, tmp_path: Path
) -> None:
    """Offers, a booking, a change, a confirmation, its outcome, a cancellation."""
    language = "ZH" if "zh" in name else "EN"
    scripts = [
        one.replace("CURL-", f"CURL-{language}-")
        for one in blocks(name, "curl")
        if "/feeds" not in one
    ]
    answers = [run(script, running_system, tmp_path) for script in scripts]
    assert "<t:PriceFen>" in answers[0] or "PriceFen>" in answers[0]
    assert [told(one).code for one in answers[1:]] == ["DONE"] * 5
    assert [told(one).version for one in answers[1:]] == [1, 2, 3, 1, 4]
    assert "CANCELLED" in answers[-1]


@pytest.mark.parametrize("name", ["INTEGRATING.md", "INTEGRATING.zh-CN.md"])
def test_a_feed_is_sent_and_asked_for_as_written(
    name: str, running_system: System, tmp_path: Path
) -> None:
    """It is accepted whole, and complete soon."""
    language = "ZH" if "zh" in name else "EN"
    sends, asks = (
        one.replace("CURL-", f"CURL-{language}-")
        for one in blocks(name, "curl")
        if "/feeds" in one
    )
    assert "<FeedAccepted" in run(sends, running_system, tmp_path)
    assert until(
        lambda: "<Status>COMPLETE<" in run(asks, running_system, tmp_path), pause_seconds=0.3
    )


def test_old_java_imports_the_key_store(running_system: System, tmp_path: Path) -> None:
    """The PKCS#12 file becomes a JKS key store with keytool, as the document says."""
    agents = Authority(running_system.stack.places.certificates, "agents")
    issued = agents.ensure("1777", Purpose.CLIENT, kind=KeyKind.RSA)
    export_key_store(issued, tmp_path / "1001.p12", PASSPHRASE, Reader.OLD_JAVA)
    (script,) = blocks("INTEGRATING.md", "keytool")
    passwords = f"-srcstorepass {PASSPHRASE} -deststorepass {PASSPHRASE}"
    script = script.replace("-importkeystore", f"-importkeystore {passwords}")
    script = script.replace("-importcert", f"-importcert -storepass {PASSPHRASE}")
    assert shutil.which("keytool")
    run(f"true\n{script}", running_system, tmp_path)
    listed = run(
        f"keytool -list -keystore 1001.jks -storepass {PASSPHRASE}", running_system, tmp_path
    )
    assert "PrivateKeyEntry" in listed


@pytest.mark.parametrize(
    ("version", "spoken"),
    [
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
        (ssl.TLSVersion.TLSv1_1, False),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_lowest_tls_version_is_1_2(
    version: ssl.TLSVersion, *, spoken: bool, running_system: System
) -> None:
    """Older versions are refused, newer ones are spoken."""
    context = ssl.create_default_context(cafile=str(running_system.ca_file))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("localhost", running_system.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost"),
        ):
            assert spoken
    except (ssl.SSLError, ConnectionError):
        assert not spoken
