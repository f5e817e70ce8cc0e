"""One look at a broker: can this component sign in with its certificate."""

import pika
from pika.exceptions import AMQPError

from adapters.amqp.link import first_line, parameters
from hub.errors import BrokerAway
from hub.settings import Broker


def ping(broker: Broker, name: str) -> str:
    """Open and close a connection; BrokerAway says what to look at where that fails."""
    where = f"{broker.host}:{broker.port}"
    try:
        pika.BlockingConnection(parameters(broker, f"{name} checks")).close()
    except (AMQPError, OSError) as error:
        raise BrokerAway(
            f"{name} cannot sign in at {where} ({first_line(error)}): is the broker "
            f"running, is the certificate from its authority, has it an account '{name}'?"
        ) from error
    return f"signed in at {where}, virtual host {broker.virtual_host}"
