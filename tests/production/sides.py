"""One broker, and who has an account there."""

from dataclasses import dataclass

from certs.authority import Authority
from hub.settings import Broker

# Who has an account and what it is for.
ACCOUNTS = {"outside": "gateway-2", "inside": "ticketing-2"}


@dataclass(frozen=True)
class Side:
    """One broker, as a component with an account there dials it, and its authority."""

    broker: Broker
    authority: Authority
    other: Authority

    @property
    def name(self) -> str:
        """The component that dials it."""
        return ACCOUNTS[self.authority.side]
