"""A broker that tests look into, and do to what nobody should."""

import shutil

from deploy.brokers.definitions import VIRTUAL_HOST
from deploy.local.broker import Broker

_VIRTUAL_HOST = f'<<"{VIRTUAL_HOST}">>'


class Meddled(Broker):
    """A private node with an operator who can do anything, and quickly."""

    def queue(self, name: str) -> dict[str, int]:
        """Return what one queue holds, what of it its consumers hold, and how many they are."""
        columns = "[messages, messages_unacknowledged, consumers]"
        told = self.ask(f"maps:from_list(rabbit_amqqueue:info({_queue(name)}, {columns}))")
        return {str(column): int(count) for column, count in told.items()}

    def purge(self, name: str) -> None:
        """Empty a queue of what no consumer holds."""
        self.ask(f"element(1, rabbit_amqqueue:purge({_queue(name)}))")

    def delete(self, name: str) -> None:
        """Delete a queue with what it holds."""
        self.ask(f"element(1, rabbit_amqqueue:delete({_queue(name)}, false, false, <<>>))")

    def bound(self, name: str, messages_max: int) -> None:
        """Let a queue refuse what goes beyond a bound, until ``unbound``."""
        bound = f'[{{<<"max-length">>, {messages_max}}}, {{<<"overflow">>, <<"reject-publish">>}}]'
        where = f'<<"^{name.replace(".", "[.]")}$">>'
        given = f'{_VIRTUAL_HOST}, <<"bound">>, {where}, {bound}, 99, <<"queues">>, <<>>'
        self.ask(f"rabbit_policy:set({given})")

    def unbound(self) -> None:
        """Take the bound away."""
        self.ask(f'rabbit_policy:delete({_VIRTUAL_HOST}, <<"bound">>, <<>>)')

    def load_definitions(self) -> None:
        """Make what is missing of the definitions."""
        self.ask("rabbit_definitions:maybe_load_definitions()")

    def limit_memory(self, share: float) -> None:
        """Raise the memory alarm above this share of the machine's memory."""
        self.ask(f"vm_memory_monitor:set_vm_memory_high_watermark({share:f})")

    def renew(self) -> None:
        """Be as a new node, started: a node that runs forgets all and loads its definitions."""
        if self._node.alive():
            self.ask("begin ok = rabbit:stop(), ok = rabbit_mnesia:reset(), rabbit:start() end")
        else:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            self.start()


def _queue(name: str) -> str:
    """Return the expression of a queue that is there."""
    found = f'rabbit_amqqueue:lookup(rabbit_misc:r({_VIRTUAL_HOST}, queue, <<"{name}">>))'
    return f"element(2, {found})"
