"""rabbitmq.conf of one broker, from the template beside this file."""

from dataclasses import dataclass
from pathlib import Path

from certs.authority import Issued

PLUGINS = ("rabbitmq_auth_mechanism_ssl",)
MESSAGE_BYTES_MAX = 8 * 1_024 * 1_024
_TEMPLATE = Path(__file__).with_name("rabbitmq.conf")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens and who it says it is."""

    address: str
    port: int
    certificate: Issued


def rabbitmq_conf(listener: Listener, definitions: Path) -> str:
    """Return the text of rabbitmq.conf."""
    values = {
        "ADDRESS": listener.address,
        "PORT": str(listener.port),
        "AUTHORITY": str(listener.certificate.authority),
        "CERTIFICATE": str(listener.certificate.certificate),
        "KEY": str(listener.certificate.key),
        "DEFINITIONS": str(definitions),
        "MESSAGE_BYTES_MAX": str(MESSAGE_BYTES_MAX),
    }
    text = _TEMPLATE.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def enabled_plugins() -> str:
    """Return the text of the file that enables the plugins."""
    return f"[{','.join(PLUGINS)}].\n"
