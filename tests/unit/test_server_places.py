"""A place that is taken is named before anything starts; what a killed process left is cleared."""

import socket
from pathlib import Path

import pytest

from adapters.server import claim_port, claim_socket
from deploy.local.ports import free_port
from hub.errors import SettingsError


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_taken_port_is_named(host: str) -> None:
    """Of either family, with its section; once it is free it may be had."""
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, free_port()), family=family) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"\[staff\] port {port} on {host} .*in use"):
            claim_port("staff", host, port)
    claim_port("staff", host, port)


def test_a_host_that_is_not_here_is_named() -> None:
    """An address of another machine, and a name that stands for none."""
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(SettingsError, match=f"on {host} cannot be listened on"):
            claim_port("staff", host, free_port())


def test_a_taken_socket_is_named_and_a_left_one_cleared(tmp_path: Path) -> None:
    """Alive it is left alone; dead it is removed; what is no socket is not."""
    path = tmp_path / "x.sock"
    claim_socket("gateway", path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SettingsError, match=rf"\[gateway\] socket: {path} is taken"):
            claim_socket("gateway", path)
        assert path.exists()
    claim_socket("gateway", path)
    assert not path.exists()
    with pytest.raises(SettingsError, match="is not there; make it"):
        claim_socket("gateway", tmp_path / "none" / "x.sock")
