"""``make demo``: everything on this machine, a scripted agency that books, and then yours."""

import argparse
import fcntl
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from adapters.soap.wsdl import PATH
from certs.authority import Authority, Purpose
from deploy.local import showing
from deploy.local.agency import Agency, Asked, Scripted
from deploy.local.ports import free_port, require_free
from deploy.local.process import ProcessFailed
from deploy.local.stack import Stack
from deploy.local.zones import Places
from hub.errors import LupuError

FOLDER = Path("run/demo")
AGENT = "1001"
AGENCY = "Sunny Travel"
STAFF = (
    ("clerk", "王小明"),
    ("supervisor", "李娜"),
    ("administrator", "张伟"),
    ("operator", "刘洋"),
    ("auditor", "陈静"),
)
DAYS_TO_OPENING = 30
PAGES_SECONDS_MAX = 30.0
OPEN = ("in flight", "awaited")
VERIFY = ("evidence", "verify", "--route", "ticketing")
WATCH_SECONDS = 1.0


class FolderTaken(LupuError):
    """Another demo keeps everything in the same folder."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status."""
    given = _arguments(arguments)
    shown = showing.console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        require_free(given.port, "the agents' HTTPS", "make demo PORT=...")
        require_free(given.staff_port, "the staff's HTTPS", "make demo STAFF_PORT=...")
        with _alone(given.folder.resolve()):
            _run(given, shown)
    except LupuError as error:
        print(f"demo: {error}", file=sys.stderr)  # noqa: T201  this is a command line
        return 1
    except KeyboardInterrupt:
        shown.print("ended")
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table")
    parser.add_argument("--port", type=int, default=8443, help="for agents")
    parser.add_argument("--staff-port", type=int, default=8444, help="for the staff")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is kept")
    return parser.parse_args(arguments)


def _run(given: argparse.Namespace, shown: Console) -> None:
    folder = given.folder.resolve()
    _clear(folder)
    shown.print("[bold]Lupu[/]: an outside and an inside, and nothing but queues between them\n")
    with showing.step(shown, "certificates, one authority a side"):
        stack = Stack(_places(folder, given.port, given.staff_port))
        agency = Authority(stack.places.certificates, "agents").ensure(AGENT, Purpose.CLIENT)
    opening = datetime.now(UTC).date() + timedelta(days=DAYS_TO_OPENING)
    try:
        stack.start_brokers()
        with showing.step(shown, "database, Expo 2010's catalogue, an agency, staff"):
            password, staff = _fill(stack, opening, agency.certificate)
        with showing.step(shown, "outside and inside broker, mutual TLS"):
            stack.wait_for_brokers()
        with showing.step(shown, "HAProxy, two gateways, hub, ticketing, evidence, staff web"):
            stack.start()
        books = Agency(
            AGENT,
            password,
            agency.certificate,
            agency.key,
            Authority(stack.places.certificates, "edge").certificate,
        )
        with showing.step(shown, f"{AGENCY} books through SOAP"):
            asked = _book(stack, books, opening)
        with showing.step(shown, "the books of both sides compared"):
            compared = _compared(stack, shown.width if shown.is_terminal else 0)
        shown.print()
        shown.print(showing.bookings(shown, asked, _ways(stack, asked), AGENCY))
        shown.print(Text.from_ansi(compared))
        if not given.once:
            shown.print(showing.sign_ins(_sign_ins(stack, books, staff)))
            _stay(stack)
    finally:
        # A second Ctrl-C must not leave anything behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with showing.step(shown, "everything ended"):
            stack.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold ``folder`` until the block ends: a second demo would clear it under the first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTaken(
                f"Another demo runs in {folder}: end it, or give this one a folder and ports "
                "of its own: make demo FOLDER=run/second PORT=8453 STAFF_PORT=8454"
            ) from error
        yield


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left, but for its certificates."""
    for path in folder.glob("*"):
        if path.is_dir() and path.name != "certificates":
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def _places(folder: Path, port: int, staff_port: int) -> Places:
    return Places(
        folder=folder,
        sockets=folder / "sockets",
        agents_port=port,
        staff_port=staff_port,
        outside_port=free_port(),
        inside_port=free_port(),
        database={"file": str(folder / "database" / "lupu.sqlite")},
    )


def _fill(stack: Stack, opening: date, certificate: Path) -> tuple[str, dict[str, str]]:
    """Do by command what an installation does: schema, catalogue, an agency, accounts."""
    stack.lupu("inside", "database", "upgrade")
    stack.lupu("inside", "ticketing", "load", "--opening", opening.isoformat())
    names = ("--name-en", AGENCY, "--name-zh", "阳光旅行社")
    added = stack.lupu("inside", "agents", "add", AGENT, *names, "--group", "--per-second", "1000")
    stack.lupu("inside", "agents", "trust", AGENT, str(certificate))
    staff = {
        role: stack.lupu("inside", "staff", "add", role, "--full-name", name, "--role", role)
        for role, name in STAFF
    }
    return _password(added), {role: _password(text) for role, text in staff.items()}


def _password(said: str) -> str:
    return said.rpartition("password ")[2].strip()


def _book(stack: Stack, agency: Agency, opening: date) -> list[Asked]:
    scripted = Scripted(agency, f"{stack.places.public_url}{PATH}?wsdl", opening)
    try:
        return list(scripted.run())
    finally:
        scripted.close()


def _ways(stack: Stack, asked: Sequence[Asked]) -> dict[str, showing.Way]:
    """Return the way of each request by operation and reference, as the database has it."""
    references = {str(one.booking["BookingReference"]) for one in asked if one.booking}
    ways: dict[str, showing.Way] = {}
    for reference in references:
        for step in json.loads(stack.lupu("inside", "follow", reference, "--json")):
            _, operation, own = step["request"].split("/")
            ways[f"{operation}/{own}"] = [
                (place, datetime.fromisoformat(at)) for place, at in step["way"]
            ]
    return ways


def _compared(stack: Stack, columns: int) -> str:
    """Return what ``lupu evidence verify`` prints, once the gateways' pages have come."""
    deadline = time.monotonic() + PAGES_SECONDS_MAX
    while time.monotonic() < deadline:
        # Before the first page it says that nothing was compared, and its status says so too.
        with suppress(ProcessFailed):
            by_type = json.loads(stack.lupu("inside", *VERIFY, "--json"))["totals"]
            if by_type and not any(total.get(one) for total in by_type.values() for one in OPEN):
                break
    return stack.lupu("inside", *VERIFY, columns=columns)


def _sign_ins(stack: Stack, agency: Agency, staff: dict[str, str]) -> list[tuple[str, str]]:
    places = stack.places
    secret = places.folder / "agents" / f"{agency.number}.password"
    secret.parent.mkdir(exist_ok=True, mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(agency.password + "\n", "utf-8")
    return [
        ("WSDL", f"{places.public_url}{PATH}?wsdl  (?singleWsdl, ?wsdl11)"),
        ("agent", f"{agency.number}, password {agency.password}"),
        ("its certificate", str(agency.certificate)),
        ("who signs HTTPS", str(agency.authority)),
        (
            "staff web",
            f"{places.staff_url}  (browsers warn: the demo has an authority of its own)",
        ),
        *((f"account {role}", f"password {password}") for role, password in staff.items()),
        ("configuration", ", ".join(str(places.configuration(z)) for z in ("outside", "inside"))),
        ("logs", str(places.folder / "logs")),
        *(
            (f"metrics of {name}", f"http://127.0.0.1:{port}/metrics")
            for name, port in stack.metrics_ports.items()
        ),
    ]


def _stay(stack: Stack) -> None:
    while True:
        time.sleep(WATCH_SECONDS)
        ended = stack.failed()
        if ended:
            raise ProcessFailed(f"{ended} has ended.\n{stack.processes[ended].tail()}")


if __name__ == "__main__":
    sys.exit(main())
