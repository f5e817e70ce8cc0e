"""rabbitmq.conf and advanced.config of one broker, from the templates beside this file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Issued

PLUGINS = ("rabbitmq_auth_mechanism_ssl",)
MESSAGE_BYTES_MAX = 8 * 1_024 * 1_024
# Without it a node goes on with the certificate and authority that it has read for two minutes.
PEM_CACHE_CLEARED = "ssl:clear_pem_cache()"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens and who it says it is."""

    address: str
    port: int
    certificate: Issued


def rabbitmq_conf(listener: Listener, definitions: Path) -> str:
    """Return the text of rabbitmq.conf."""
    return _filled(
        "rabbitmq.conf",
        {
            "ADDRESS": listener.address,
            "PORT": str(listener.port),
            "DEFINITIONS": str(definitions),
            "MESSAGE_BYTES_MAX": str(MESSAGE_BYTES_MAX),
        },
    )


def advanced_config(certificate: Issued) -> str:
    """Return the text of advanced.config: TLS, and who is revoked."""
    return _filled(
        "advanced.config",
        {
            "AUTHORITY": str(certificate.authority),
            "CERTIFICATE": str(certificate.certificate),
            "KEY": str(certificate.key),
            "CRLS": str(certificate.crl_folder),
        },
    )


def enabled_plugins() -> str:
    """Return the text of the file that enables the plugins."""
    return f"[{','.join(PLUGINS)}].\n"


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (_FOLDER / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
