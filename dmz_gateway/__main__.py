"""The gateway: HAProxy's unix socket in front, the outside broker behind.

The main process listens and keeps one worker alive; everything else, the brokers' thread
included, lives in the worker and starts after the fork.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from multiprocessing.util import Finalize
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels

from adapters import logs, metrics
from adapters.amqp.consumer import AmqpConsumer
from adapters.amqp.loop import Loop
from adapters.amqp.publisher import AmqpPublisher
from adapters.clock import SystemClock
from adapters.expiry import show_days_left, show_edge_days_left
from adapters.sealing import Sealed, sealing_of
from adapters.server import claim_socket, die_with
from adapters.tracing import OtlpTracer, tracer_of
from adapters.xml import Schemas
from dmz_gateway.checks import look
from dmz_gateway.served import Parts, Served
from dmz_gateway.settings import Gateway
from hub import settings
from hub.checks import Check
from hub.errors import SettingsError
from hub.requester import Requester
from hub.settings import Configuration, OutsideBroker

_log = logging.getLogger(__name__)

_STOP_SECONDS_MAX = 15
_RESPAWN_SECONDS = 1.0
_MEASURE_SECONDS = 5.0
_BOOT_BYTES = 6
_GOODBYE_SECONDS = 0.5
_PORT_SECONDS = 0.5
# Whoever asks is told within a second that it is not known.
_CONFIRM_SECONDS_MAX = 0.8
_BROKER_SECONDS = 3.0
_LOOK_SECONDS = 0.02
# The server's own lines go through our handler, as JSON.
_SERVER_LOG: dict[str, Any] = {
    "loggers": {"_granian": {"handlers": [], "level": "ERROR", "propagate": True}}
}


def run(configuration: Configuration) -> None:
    """Serve until SIGTERM or SIGINT."""
    gateway = configuration.read(Gateway)
    configuration.read(OutsideBroker)
    configuration.read(settings.Tracing)
    sealing_of(configuration, SystemClock(), opens=True)
    logs.configure(configuration.read(settings.Log).level)
    claim_socket(Gateway.section, gateway.socket)
    # Said now and not by a worker: is the port free?
    metrics.PrometheusMetrics().serve(configuration.read(settings.Metrics)).close()
    server = Granian(
        "dmz_gateway",
        interface=Interfaces.WSGI,
        uds=gateway.socket,
        uds_permissions=gateway.socket_mode,
        workers=1,
        blocking_threads=gateway.threads,
        # One thread takes the connections; the other mode's threads cost twice as much a request.
        runtime_mode=RuntimeModes.st,
        backpressure=gateway.threads * 4,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=gateway.header_read_seconds * 1_000),
        websockets=False,
        log_dictconfig=_SERVER_LOG,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_SECONDS,
        workers_max_rss=gateway.memory_mib_max,
        rss_sample_interval=gateway.memory_sample_seconds,
        workers_kill_timeout=_STOP_SECONDS_MAX,
    )
    _log.info("gateway.started", extra={"component": configuration.name})
    server.serve(target_loader=partial(_worker, configuration, os.getpid()), wrap_loader=False)
    _log.info("gateway.ended", extra={"component": configuration.name})


def checks(configuration: Configuration) -> Iterable[Check]:
    """Say what the gateway depends on, for ``lupu check``; the broker is looked at there."""
    try:
        gateway = configuration.read(Gateway)
    except SettingsError as error:
        return [Check("gateway", False, str(error))]
    return look(gateway, Schemas(), SystemClock())


def _worker(configuration: Configuration, parent: int) -> Callable[..., Any]:
    """Wire everything inside the worker process and return the WSGI application."""
    die_with(parent)
    logs.configure(configuration.read(settings.Log).level)
    gateway = configuration.read(Gateway)
    if gateway.one_processor:
        _stay_on_one_processor(configuration.name)
    broker = _prompt(configuration.read(OutsideBroker))
    registry = metrics.PrometheusMetrics()
    loop = Loop()
    consumer = AmqpConsumer(loop, broker, configuration.name)
    publisher = AmqpPublisher(loop, broker, configuration.name)
    sealed = sealing_of(configuration, SystemClock(), opens=True)
    requester = Requester(loop, publisher, registry, broker.confirm_seconds, opener=sealed.opener)
    tracer = tracer_of(configuration, registry)
    served = Served(_parts(configuration, sealed, requester, registry, tracer))
    served.subscribe(consumer, requester.deliver)
    served.measure_every(_MEASURE_SECONDS)
    Finalize(None, _stop, args=(loop, (consumer, publisher), served, tracer), exitpriority=10)
    _serve_metrics_soon(registry, broker, configuration)
    for link in (consumer, publisher):
        link.start()
    loop.start_thread("brokers")
    _wait_for_broker(requester)
    served.send_pages()
    _log.info("gateway.worker_started", extra={"component": configuration.name})
    return served.wsgi


def _parts(
    configuration: Configuration,
    sealed: Sealed,
    requester: Requester,
    registry: metrics.PrometheusMetrics,
    tracer: OtlpTracer,
) -> Parts:
    return Parts(
        name=configuration.name,
        boot=secrets.token_hex(_BOOT_BYTES),
        settings=_patient(configuration.read(Gateway), configuration.read(OutsideBroker)),
        schemas=Schemas(),
        clock=SystemClock(),
        metrics=registry,
        requests=requester,
        sealer=sealed.sealer,
        opener=sealed.opener,
        readers=sealed.requests_for,
        signs=sealed.signer,
        tracing=configuration.read(settings.Tracing),
        tracer=tracer,
    )


def _patient(gateway: Gateway, broker: OutsideBroker) -> Gateway:
    """Return its settings; a broker that has no other node is not waited for."""
    return gateway if broker.other_hosts else replace(gateway, broker_wait_seconds=0.0)


def _stay_on_one_processor(name: str) -> None:
    """Keep this process, whose threads take turns anyway, on one of the processors it may use.

    Where the next thread has to be woken on another one, handing over costs more than the
    request itself: on two processors it answered half as many.
    """
    allowed = sorted(os.sched_getaffinity(0))
    number = name.rpartition("-")[2]
    chosen = int(number) if number.isdecimal() else 0
    os.sched_setaffinity(0, {allowed[chosen % len(allowed)]})


def _prompt(broker: OutsideBroker) -> OutsideBroker:
    return replace(broker, confirm_seconds=min(broker.confirm_seconds, _CONFIRM_SECONDS_MAX))


def _wait_for_broker(requester: Requester) -> None:
    """Take no request before the broker is there, unless it takes its time."""
    deadline = time.monotonic() + _BROKER_SECONDS
    while not requester.ready() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _serve_metrics_soon(
    registry: metrics.PrometheusMetrics, broker: OutsideBroker, configuration: Configuration
) -> None:
    show_days_left(registry, (broker,))
    show_edge_days_left(registry, configuration)
    where = configuration.read(settings.Metrics)
    threading.Thread(
        target=_serve_metrics, args=(registry, where), name="metrics", daemon=True
    ).start()


def _serve_metrics(registry: metrics.PrometheusMetrics, where: settings.Metrics) -> None:
    """Listen once the worker that this one replaces has let go of the port."""
    while True:
        try:
            registry.serve(where)
        except SettingsError:
            time.sleep(_PORT_SECONDS)
        else:
            return


def _stop(
    loop: Loop, links: tuple[AmqpConsumer, AmqpPublisher], served: Served, tracer: OtlpTracer
) -> None:
    """Say goodbye to the broker, when the worker ends by itself."""
    for link in links:
        link.stop()
    loop.call(lambda: loop.call_later(_GOODBYE_SECONDS / 2, loop.stop))
    loop.join(_GOODBYE_SECONDS)
    served.close()
    tracer.close()
    logging.shutdown()  # a worker process ends without it
