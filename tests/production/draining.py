"""A gateway is drained and put back by an operator, as OPERATING.md says."""

import secrets
import time
from pathlib import Path

from deploy.haproxy.health import healthy
from tests.servers.counters import counted
from tests.servers.system import System

ANSWERS = "lupu_gateway_answers_total"
STILL_SECONDS = 2.0


def operator(system: System, folder: Path) -> Path:
    """Add the operator's account; return the file of its password."""
    secret = folder / "operator-password"
    secret.write_text(secrets.token_urlsafe(), "utf-8")
    secret.chmod(0o600)
    given = ("--full-name", "刘洋", "--role", "operator", "--password-file", str(secret))
    system.stack.lupu("inside", "staff", "add", "liu", *given)
    return secret


def traffic(system: System, secret: Path, act: str, gateway: str) -> None:
    """Drain a gateway, or let it go on."""
    proved = ("--why", "maintenance", "--as", "liu", "--password-file", str(secret))
    system.stack.lupu("inside", "traffic", act, "gateway", gateway, *proved)


def is_left_out(system: System, gateway: str) -> bool:
    """Return whether it says that it is drained, and nothing comes there any more."""
    if healthy(system.stack.places.socket(gateway)):
        return False
    before = counted(system, gateway, ANSWERS)
    time.sleep(STILL_SECONDS)
    return counted(system, gateway, ANSWERS) == before
