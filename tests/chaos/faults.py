"""Every fault that is thrown at processes, brokers, links and clocks."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import Protocol

from deploy.haproxy.health import healthy
from deploy.local.any_broker import AnyBroker
from deploy.local.broker import Broker
from deploy.local.cluster import Cluster
from deploy.local.haproxy import Haproxy
from deploy.local.process import Process
from tests.chaos.plan import Fault
from tests.chaos.world import Clock, World
from tests.production.relay import DOWN, UP, Relay
from tests.servers.crossed import CROSSED

# Of every twelve, one lasts longer than it takes to notice: two heartbeats and five seconds.
SHORT_SECONDS, LONG_SECONDS = (0.5, 5.0), (17.0, 21.0)
LONG_SHARE = 1 / 12
SLOW_SECONDS = (0.05, 0.6)
# Two may be apart by twice this, and messages dated five minutes ahead are refused.
JUMP_SECONDS = 130.0
FAR_SECONDS = (600.0, 3_000.0)
FAR_SHARE = 1 / 8
DOWN_SECONDS = (0.0, 1.5)

_Chosen = Callable[[Random], Broker]
_ToBroker = Callable[[Broker, Random], None]
_Worse = Callable[[Relay, Random], None]
_LINK: Mapping[str, _Worse] = {
    "link cut": lambda relay, _dice: relay.cut(),
    "link slow": lambda relay, dice: relay.slow(dice.uniform(*SLOW_SECONDS)),
    "link half-open towards the broker": lambda relay, _dice: relay.hold(UP),
    "link half-open from the broker": lambda relay, _dice: relay.hold(DOWN),
    "link silent": lambda relay, _dice: relay.hold(UP, DOWN),
}


def lasting(dice: Random) -> float:
    """Return for how long a fault lasts."""
    return dice.uniform(*(LONG_SECONDS if dice.random() < LONG_SHARE else SHORT_SECONDS))


def on_processes(world: World) -> Iterator[Fault]:
    """Yield what can be done to each process, to the balancers and to the brokers."""
    stack = world.stack
    for name, process in stack.processes.items():
        yield Fault("process killed", name, partial(_kill_process, world, name, process))
        yield Fault("process stopped", name, partial(_stop, process))
    for name, proxy in (("HAProxy", stack.haproxy), ("staff HAProxy", stack.staff_haproxy)):
        yield Fault("balancer killed", name, partial(_kill_proxy, proxy))
        yield Fault("balancer stopped", name, partial(_stop, proxy))
    for broker in (stack.outside, stack.inside):
        yield from _on_cluster(broker) if isinstance(broker, Cluster) else _on_broker(broker)


def on_links(world: World) -> Iterator[Fault]:
    """Yield what can be done to each link between the system's parts."""
    for name, relay in world.relays.items():
        for kind, do in _LINK.items():
            yield Fault(kind, name, partial(_during, relay, do))


def on_clocks(world: World) -> Iterator[Fault]:
    """Yield the jumps of each process's clock, forth or back, and back again."""
    for name, clock in world.clocks.items():
        yield Fault("clock jumped", f"clock of {name}", partial(_jump, clock))


def _on_broker(broker: AnyBroker) -> Iterator[Fault]:
    name, (node,) = f"{broker.name} broker", broker.nodes
    yield Fault("broker killed", name, partial(_kill_broker, node))
    yield Fault("broker stopped", name, partial(_stop, node))


def _on_cluster(cluster: Cluster) -> Iterator[Fault]:
    """Yield what is done to one node at a time: two of three are a majority, one is not."""
    name = f"{cluster.name} cluster"

    def leading(_dice: Random) -> Broker:
        return cluster.leading(CROSSED[cluster.name])

    def any_node(dice: Random) -> Broker:
        return dice.choice(cluster.nodes)

    for which, chosen in (("leading node", leading), ("any node", any_node)):
        for how, do in (("killed", _kill_broker), ("stopped", _stop)):
            yield Fault(f"{which} {how}", name, partial(_to_one, cluster, chosen, do))


class _Group(Protocol):
    @property
    def pid(self) -> int: ...


def _kill_process(world: World, name: str, process: Process, dice: Random) -> None:
    process.kill()
    time.sleep(dice.uniform(*DOWN_SECONDS))
    process.start()
    if name.startswith(("gateway", "staff")):
        process.wait_ready(partial(healthy, world.stack.places.socket(name)))


def _kill_proxy(proxy: Haproxy, dice: Random) -> None:
    proxy.stop()
    time.sleep(dice.uniform(*DOWN_SECONDS))
    proxy.start()


def _kill_broker(broker: Broker, dice: Random) -> None:
    broker.kill()
    time.sleep(dice.uniform(*DOWN_SECONDS))
    broker.restart()


def _to_one(cluster: Cluster, chosen: _Chosen, do: _ToBroker, dice: Random) -> None:
    do(chosen(dice), dice)
    cluster.wait_whole()


def _stop(whole: _Group, dice: Random) -> None:
    """Stop a whole process group, and let it go on."""
    group = whole.pid
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGSTOP)
    try:
        time.sleep(lasting(dice))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)


def _during(relay: Relay, do: _Worse, dice: Random) -> None:
    do(relay, dice)
    try:
        time.sleep(lasting(dice))
    finally:
        relay.mend()


def _jump(clock: Clock, dice: Random) -> None:
    seconds = dice.uniform(*FAR_SECONDS) if dice.random() < FAR_SHARE else JUMP_SECONDS
    clock.jump(dice.choice((-1, 1)) * dice.uniform(0.2, 1.0) * seconds)
    try:
        time.sleep(lasting(dice))
    finally:
        clock.jump(0.0)
