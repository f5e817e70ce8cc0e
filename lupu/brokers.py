"""``lupu brokers``: what RabbitMQ loads at boot, made from the map of messages."""

from pathlib import Path

import click

from certs.authority import Authority
from deploy.brokers import asyncapi as documents
from deploy.brokers import definitions
from deploy.brokers.configuration import (
    advanced_config,
    cluster_conf,
    enabled_plugins,
    erlang_arguments,
    inter_node_tls,
    rabbitmq_conf,
)
from deploy.components import Components
from hub.errors import SettingsError
from lupu import options

SIDES = {"outside": definitions.outside, "inside": definitions.inside}
BROKER = "broker"
_certificate = click.option(
    "--certificate",
    default=BROKER,
    show_default=True,
    metavar="NAME",
    help="Whose certificate it is; of a cluster each node has its own.",
)


@click.group()
def brokers() -> None:
    """Make each broker's definitions and configuration.

    \b
    Examples:
      lupu brokers definitions outside gateway-1 gateway-2 hub-1 > definitions.json
      lupu brokers definitions inside hub-1 ticketing-1 staff-1 --rabbitmq 4.1
      lupu brokers configuration outside --address 10.0.0.5 --definitions definitions.json
      lupu brokers tls outside > /etc/rabbitmq/advanced.config
      lupu brokers between outside --certificate mq1 > /etc/rabbitmq/inter-node-tls.config
    """  # noqa: D301  click's \b keeps the lines as they are


@brokers.command(
    "definitions",
    epilog=options.example("lupu brokers definitions outside gateway-1 hub-1 > definitions.json"),
)
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("component", nargs=-1, required=True)
@click.option(
    "--rabbitmq",
    default="3.10",
    show_default=True,
    metavar="VERSION",
    help="The version that is to load them; policies differ.",
)
@click.option("--cluster", is_flag=True, help="For a cluster: no queue is of one node alone.")
def definitions_command(
    side: str, component: tuple[str, ...], rabbitmq: str, *, cluster: bool
) -> None:
    """Print the definitions of SIDE's broker.

    They have an account for each COMPONENT.
    """
    made = SIDES[side](Components.of(component), _version(rabbitmq), cluster=cluster)
    click.echo(definitions.write(made), nl=False)


@brokers.command(
    epilog=options.example("lupu brokers configuration outside --address 10.0.0.5 > rabbitmq.conf")
)
@click.argument("side", type=click.Choice(list(SIDES)))
@click.option("--address", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", default=5671, show_default=True, help="On which port, TLS only.")
@click.option(
    "--definitions",
    "definitions_file",
    type=click.Path(path_type=Path),
    default=Path("/etc/rabbitmq/definitions.json"),
    show_default=True,
    help="The file that it loads at boot; a cluster's nodes load none.",
)
@click.option(
    "--node",
    multiple=True,
    metavar="NODE",
    help="Every node of a cluster, this one too: rabbit@mq1; given once for each.",
)
def configuration(
    side: str, address: str, port: int, definitions_file: Path, node: tuple[str, ...]
) -> None:
    """Print rabbitmq.conf of SIDE's broker.

    On standard error are the plugins to enable.
    """
    text = rabbitmq_conf(address, port, None if node else definitions_file)
    click.echo(text + (cluster_conf(side, node) if node else ""), nl=False)
    click.echo(f"enabled_plugins: {enabled_plugins()}", err=True, nl=False)


@brokers.command(
    epilog=options.example("lupu brokers tls outside > /etc/rabbitmq/advanced.config")
)
@options.folder("run/certificates")
@click.argument("side", type=click.Choice(list(SIDES)))
@_certificate
def tls(folder: Path, side: str, certificate: str) -> None:
    """Print advanced.config of SIDE's broker.

    It has TLS and who is revoked, and belongs beside rabbitmq.conf: without it the broker has no
    certificate.
    """
    issued = Authority(folder.resolve(), side).issued(certificate)
    click.echo(advanced_config(issued), nl=False)


@brokers.command(
    epilog=options.example(
        "lupu brokers between outside --certificate mq1 > inter-node-tls.config"
    )
)
@options.folder("run/certificates")
@click.argument("side", type=click.Choice(list(SIDES)))
@_certificate
def between(folder: Path, side: str, certificate: str) -> None:
    """Print inter-node-tls.config of a node of SIDE's cluster.

    By it nodes, and rabbitmqctl, speak to each other; rabbitmq-env.conf names it.
    """
    issued = Authority(folder.resolve(), side).issued(certificate)
    click.echo(inter_node_tls(issued), nl=False)


@brokers.command(
    epilog=options.example("lupu brokers environment > /etc/rabbitmq/rabbitmq-env.conf")
)
@click.option(
    "--between",
    type=click.Path(path_type=Path),
    default=Path("/etc/rabbitmq/inter-node-tls.config"),
    show_default=True,
    help="The file that says how nodes speak to each other.",
)
def environment(between: Path) -> None:
    """Print rabbitmq-env.conf of a cluster's node.

    By it Erlang, and rabbitmqctl, speak TLS to the other nodes.
    """
    for program in ("SERVER_ADDITIONAL", "CTL"):
        click.echo(f'{program}_ERL_ARGS="{erlang_arguments(between)}"')


@brokers.command(epilog=options.example("lupu brokers asyncapi > schemas/asyncapi-3.json"))
def asyncapi() -> None:
    """Print the AsyncAPI document of every message.

    Both brokers' channels, who sends and takes what, headers and bounds.
    """
    click.echo(documents.write(), nl=False)


def _version(text: str) -> tuple[int, int]:
    major, dot, minor = text.partition(".")
    if not (dot and major.isdigit() and minor.partition(".")[0].isdigit()):
        raise SettingsError(f"'{text}' is no version of RabbitMQ; write 3.13, say.")
    return int(major), int(minor.partition(".")[0])


GROUP = brokers
