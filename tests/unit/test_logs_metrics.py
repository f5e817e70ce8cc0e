"""Logs are one JSON object a line; metrics are what Prometheus reads; certificates say who."""

import errno
import io
import json
import logging
import math
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import logs
from adapters.certificates import CertificateFacts
from adapters.expiry import show_days_left
from adapters.metrics import PrometheusMetrics
from certs.authority import Authority, Purpose
from deploy.local.ports import free_port
from hub import settings
from hub.errors import SettingsError
from hub.settings import OutsideBroker
from tests.servers.brokers import Authorities


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Offer what is logged, and put the root logger back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_one_event_is_one_json_line(log_lines: io.StringIO) -> None:
    """An event with facts, and one with an exception, each take exactly one line of JSON."""
    log = logging.getLogger("hub.example")
    log.info("example.done", extra={"request": "agent:1001/PlaceBooking/甲"})
    try:
        int("two\nlines")
    except ValueError:
        log.exception("example.failed")
    first, second = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert first["event"] == "example.done"
    assert first["request"] == "agent:1001/PlaceBooking/甲"
    assert first["logger"] == "hub.example"
    assert "ValueError" in second["exception"]


def test_lines_of_many_threads_all_arrive(log_lines: io.StringIO) -> None:
    """Every line is written within a second, once, each thread's in their order."""
    log = logging.getLogger("hub.example")

    def speak(speaker: int) -> None:
        for number in range(200):
            log.info("example.said", extra={"speaker": speaker, "number": number})

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(10 * logs.GATHER_SECONDS)
    said = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    for number in range(8):
        assert [line["number"] for line in said if line["speaker"] == number] == list(range(200))
    assert len(said) == 8 * 200


def test_a_warning_is_written_at_once_and_all_before_it(log_lines: io.StringIO) -> None:
    """Nobody waits for what went wrong, and it stands behind what led to it."""
    log = logging.getLogger("hub.example")
    log.info("example.before")
    log.warning("example.wrong")
    events = [json.loads(line)["event"] for line in log_lines.getvalue().splitlines()]
    assert events == ["example.before", "example.wrong"]


def test_a_stream_that_takes_nothing_holds_up_who_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines never gather without end: beyond LINES_MAX each writes for itself."""
    monkeypatch.setattr(logs, "GATHER_SECONDS", 60)
    monkeypatch.setattr(logs, "LINES_MAX", 10)
    stream = io.StringIO()
    handler = logs.GatheredLines(stream)
    for number in range(12):
        handler.emit(logging.makeLogRecord({"msg": f"example.{number}", "levelno": logging.INFO}))
    assert len(stream.getvalue().splitlines()) == 11


class FullDisk(io.StringIO):
    """Takes nothing while it is full."""

    full = True

    def write(self, text: str) -> int:
        """Fail as a full disk does."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_disk_without_room_stops_nobody() -> None:
    """Whoever logs goes on, and what is said once there is room again is written."""
    disk = FullDisk()
    handler = logs.GatheredLines(disk)
    for event in ("example.lost", "example.written"):
        handler.emit(logging.makeLogRecord({"msg": event, "levelno": logging.WARNING}))
        disk.full = False
    assert disk.getvalue().splitlines() == ["example.written"]


def test_a_forked_process_writes_its_own_lines_and_only_those() -> None:
    """What had gathered before a fork is written once, what the child says is written too."""
    program = """
import logging, os, sys, time
from adapters import logs
logs.configure("INFO")
log = logging.getLogger("hub.example")
log.info("example.parent")
child = os.fork()
if not child:
    log.info("example.child")
    time.sleep(10 * logs.GATHER_SECONDS)
    os._exit(0)
os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=30
    )
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert sorted(events) == ["example.child", "example.parent"]


def test_metrics_are_served() -> None:
    """Counters, gauges and histograms appear under their names on the configured port."""
    metrics = PrometheusMetrics()
    metrics.count("lupu_example_total", 2, route="a")
    metrics.gauge("lupu_example_paused", 1)
    metrics.observe("lupu_example_seconds", 0.2)
    port = free_port()
    server = metrics.serve(settings.Metrics(port=port))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    server.close()
    assert 'lupu_example_total{route="a"} 2.0' in text
    assert "lupu_example_paused 1.0" in text
    assert 'lupu_example_seconds_bucket{le="0.25"} 1.0' in text


def test_taken_metrics_port_is_named() -> None:
    """Two processes on one metrics port: the second is told which port, and what to do."""
    port = free_port()
    server = PrometheusMetrics().serve(settings.Metrics(port=port))
    with pytest.raises(SettingsError, match=str(port)):
        PrometheusMetrics().serve(settings.Metrics(port=port))
    server.close()


def test_certificate_says_who_and_until_when(authorities: Authorities) -> None:
    """A component's certificate names it, its authority and the days it still has."""
    issued = authorities.outside.ensure("gateway-1", Purpose.CLIENT)
    facts = CertificateFacts.read(issued.certificate)
    assert facts.common_name == "gateway-1"
    assert facts.issuer == "Lupu outside authority"
    assert 390 < facts.days_left(datetime.now(UTC)) < 398
    assert len(facts.fingerprint) == 64


def test_file_that_is_no_certificate_is_named(authorities: Authorities) -> None:
    """A key where a certificate should be is an error that names the file."""
    with pytest.raises(SettingsError, match=r"authority\.key is not a PEM certificate"):
        CertificateFacts.read(authorities.outside.key)


def test_days_left_are_those_of_the_files_as_they_are_now(tmp_path: Path) -> None:
    """A renewed certificate, and a list of who is revoked, are seen at the next look."""
    authority = Authority.make(tmp_path, "outside")
    issued = authority.issue("gateway-1", Purpose.CLIENT, days=9)
    dialled = (issued.authority, issued.certificate, issued.key)
    broker = OutsideBroker("localhost", 1, *dialled, crl=issued.crl)
    registry = PrometheusMetrics()
    show_days_left(registry, (broker,))

    def days(what: str, file: Path) -> float | None:
        labels = {"what": f"outside_broker {what}", "file": str(file)}
        return registry.registry.get_sample_value("lupu_certificate_days_left", labels)

    assert days("certificate", issued.certificate) == pytest.approx(9, abs=0.1)
    assert days("authority", issued.authority) == pytest.approx(3_650, abs=0.1)
    assert days("crl", issued.crl) == pytest.approx(397, abs=0.1)
    authority.renew("gateway-1")
    assert days("certificate", issued.certificate) == pytest.approx(397, abs=0.1)
    issued.certificate.unlink()
    assert math.isnan(days("certificate", issued.certificate) or 0)
