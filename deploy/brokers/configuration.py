"""rabbitmq.conf and advanced.config of one broker, from the templates beside this file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from certs.authority import Issued

PLUGINS = ("rabbitmq_auth_mechanism_ssl",)
MESSAGE_BYTES_MAX = 8 * 1_024 * 1_024
# Without it a node goes on with the certificate and authority that it has read for two minutes.
PEM_CACHE_CLEARED = "ssl:clear_pem_cache()"
# A node, or a rabbitmqctl, from which nothing is heard for so long is gone: all must say the same.
TICK_SECONDS = 20
_FOLDER = Path(__file__).parent


def rabbitmq_conf(address: str, port: int, definitions: Path | None) -> str:
    """Return the text of rabbitmq.conf: where it listens; ``definitions`` are loaded at boot."""
    return _filled(
        "rabbitmq.conf",
        {
            "ADDRESS": address,
            "PORT": str(port),
            "DEFINITIONS": "" if definitions is None else f"load_definitions = {definitions}\n",
            "MESSAGE_BYTES_MAX": str(MESSAGE_BYTES_MAX),
        },
    )


def cluster_conf(name: str, nodes: Sequence[str]) -> str:
    """Return what the rabbitmq.conf of each of a cluster's ``nodes`` has beside.

    ``nodes`` are named as Erlang does, ``rabbit@mq1``; their rabbitmq.conf loads no definitions.
    """
    found = "cluster_formation.classic_config.nodes"
    lines = [f"{found}.{number} = {node}" for number, node in enumerate(nodes, 1)]
    values = {"NAME": name, "NODES": "\n".join(lines), "SIZE": str(len(nodes))}
    return _filled("cluster.conf", values | {"TICK_SECONDS": str(TICK_SECONDS)})


def advanced_config(certificate: Issued) -> str:
    """Return the text of advanced.config: TLS, and who is revoked."""
    return _filled("advanced.config", _files(certificate))


def inter_node_tls(certificate: Issued) -> str:
    """Return the text of inter-node-tls.config: how a cluster's nodes speak to each other."""
    return _filled("inter-node-tls.config", _files(certificate))


def erlang_arguments(inter_node_tls: Path) -> str:
    """Return what Erlang is started with where nodes, and rabbitmqctl, speak TLS."""
    tls = f"-proto_dist inet_tls -ssl_dist_optfile {inter_node_tls}"
    return f"{tls} -kernel net_ticktime {TICK_SECONDS}"


def enabled_plugins() -> str:
    """Return the text of the file that enables the plugins."""
    return f"[{','.join(PLUGINS)}].\n"


def _files(certificate: Issued) -> dict[str, str]:
    return {
        "AUTHORITY": str(certificate.authority),
        "CERTIFICATE": str(certificate.certificate),
        "KEY": str(certificate.key),
        "CRLS": str(certificate.crl_folder),
    }


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (_FOLDER / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
