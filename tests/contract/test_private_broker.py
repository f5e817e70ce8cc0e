"""A private broker: loopback and mutual TLS only, and nothing of it outlives us."""

import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPConnectionError

from adapters.amqp.link import parameters
from adapters.amqp.ping import look
from hub.places import Places
from hub.settings import OutsideBroker
from tests.servers.brokers import Authorities, Brokers

NOTHING = Places()
_START_AND_WAIT = """
import sys, time
from pathlib import Path
from tests.servers.brokers import Authorities, Brokers
folder = Path(sys.argv[1])
running = Brokers(folder, Authorities.make(folder / "certificates"))
running.outside_broker.start()
running.outside_broker.wait_ready()
print(running.outside_broker.pid, flush=True)
time.sleep(60)
"""


def _listening(pid: int) -> set[str]:
    """Return the addresses on which a process listens."""
    listed = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in listed.splitlines() if f"pid={pid}," in line]
    return {fields[3].rpartition(":")[0] for fields in lines}


def _gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie nobody has reaped has ended too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_component_signs_in_with_its_certificate(brokers: Brokers) -> None:
    """A component's certificate is its sign-in on its own side."""
    for broker, name in (
        (brokers.outside("gateway-1"), "gateway-1"),
        (brokers.inside("ticketing-1"), "ticketing-1"),
    ):
        (found,) = look(broker, name, NOTHING)
        assert found.fine
        assert "signed in" in found.sentence


def test_certificate_without_account_is_refused(brokers: Brokers) -> None:
    """A genuine certificate whose name has no account does not get in, and is told why."""
    (found,) = look(brokers.outside("stranger-1"), "stranger-1", NOTHING)
    assert not found.fine
    assert "has it an account 'stranger-1'" in found.sentence


def test_certificate_of_the_other_side_is_refused(brokers: Brokers) -> None:
    """The inside authority's certificate for a hub opens nothing outside."""
    outside, inside = brokers.outside("hub-1"), brokers.inside("hub-1")
    crossed = OutsideBroker(
        outside.host, outside.port, outside.authority, inside.certificate, inside.key
    )
    (found,) = look(crossed, "hub-1", NOTHING)
    assert not found.fine


def test_password_sign_in_does_not_exist(brokers: Brokers) -> None:
    """Even with a genuine certificate, guest and PLAIN get nowhere."""
    given = parameters(brokers.outside("gateway-1"), "guest")
    given.credentials = pika.PlainCredentials("guest", "guest")
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(given)
    assert "guest" not in brokers.outside_broker.control("list_users")


def test_client_without_certificate_is_refused(brokers: Brokers) -> None:
    """Without a client certificate there is no connection at all."""
    broker = brokers.outside("gateway-1")
    context = ssl.create_default_context(cafile=str(broker.authority))
    given = parameters(broker, "nobody")
    given.ssl_options = pika.SSLOptions(context, "localhost")
    with pytest.raises((AMQPConnectionError, OSError)):
        pika.BlockingConnection(given)


def test_everything_listens_on_loopback_only(brokers: Brokers) -> None:
    """Neither the broker's port nor its distribution port can be reached from elsewhere."""
    assert _listening(brokers.outside_broker.pid) == {"127.0.0.1"}


def test_killed_broker_comes_back_with_its_data(own_brokers: Brokers) -> None:
    """What was confirmed before a kill -9 is there after the restart."""
    connection = pika.BlockingConnection(parameters(own_brokers.outside("gateway-1"), "test"))
    channel = connection.channel()
    channel.confirm_delivery()
    persistent = pika.BasicProperties(delivery_mode=2)
    channel.basic_publish("inward", "requests", b"kept", persistent, mandatory=True)
    own_brokers.outside_broker.kill()
    with pytest.raises((AMQPConnectionError, OSError)):
        connection.close()
    own_brokers.outside_broker.restart()
    connection = pika.BlockingConnection(parameters(own_brokers.outside("hub-1"), "test"))
    method, _, body = connection.channel().basic_get("inward.requests", auto_ack=True)
    connection.close()
    assert method is not None
    assert body == b"kept"


def test_broker_dies_with_whoever_started_it(tmp_path: Path) -> None:
    """A runner that is killed with -9 leaves no broker behind."""
    with subprocess.Popen(
        [sys.executable, "-c", _START_AND_WAIT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdout is not None
        broker = int(runner.stdout.readline())
        assert not _gone(broker)
        os.kill(runner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not _gone(broker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _gone(broker)


def test_authorities_are_four(authorities: Authorities) -> None:
    """Each side has an authority of its own."""
    made = (authorities.outside, authorities.inside, authorities.edge, authorities.agents)
    assert len({authority.certificate.read_bytes() for authority in made}) == 4
