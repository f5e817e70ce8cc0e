"""What is to be done with files that were made: which machine they go to, and what then."""

from collections.abc import Iterable, Iterator

from certs.authority import Authority, Issued
from deploy.brokers.configuration import PEM_CACHE_CLEARED

BROKER = "broker"
EDGE = "edge"
AGENTS = "agents"
PEM_CACHE = f"rabbitmqctl eval '{PEM_CACHE_CLEARED}.'"
HAPROXY = "systemctl reload haproxy"
TAKEN_UP_SECONDS = 10
_ITSELF = f"it takes them up by itself within {TAKEN_UP_SECONDS} s"


def bring(side: str, issued: Issued) -> str:
    """Return where a component's files go, and what is done there."""
    files = f"{issued.certificate} and {issued.key.name}"
    if side == AGENTS:
        given = files if issued.key.exists() else str(issued.certificate)
        return (
            f"give {given} to the agency; lupu agents trust {issued.name} "
            f"{issued.certificate.name} lets it in with that"
        )
    if side == EDGE:
        return f"bring {files} to HAProxy's machine, then there: {HAPROXY}"
    if issued.name == BROKER:
        return f"bring {files} to the {side} broker's machine, then there: {PEM_CACHE}"
    return f"bring {files} to the machine of {issued.name}; {_ITSELF}"


def bring_trust(authority: Authority) -> Iterator[str]:
    """Yield where an authority and its list of who is revoked go."""
    yield from _to_all(authority, f"{authority.certificate} and {authority.crl.name}")


def bring_crl(authority: Authority) -> Iterator[str]:
    """Yield where a new list of who is revoked goes."""
    yield from _to_all(authority, str(authority.crl))


def cut_off(side: str, name: str) -> Iterator[str]:
    """Yield how whoever is connected with a revoked certificate is put out."""
    if side == AGENTS:
        yield f"lupu agents distrust {name} {name}.crt, which puts it out within seconds"
    elif side != EDGE and name != BROKER:
        cut = f"rabbitmqctl close_all_user_connections {name} revoked"
        yield f"on the {side} broker's machine: {cut}"


def lines(first: str, told: Iterable[str], last: str = "") -> str:
    """Return a sentence, a line for each thing to do, and the command of the next step."""
    steps = [f"  {number}. {sentence}" for number, sentence in enumerate(told, 1)]
    return "\n".join([first, *steps, *([last] if last else [])])


def _to_all(authority: Authority, files: str) -> Iterator[str]:
    side = authority.side
    if side == AGENTS:
        yield f"bring {files} to HAProxy's machine in the DMZ, then there: {HAPROXY}"
    elif side == EDGE:
        yield (
            f"give {authority.certificate} to every agency and to the staff's browsers, and "
            "wait until they trust it"
        )
    else:
        yield f"bring {files} to every machine that dials the {side} broker; {_ITSELF}"
        yield (
            f"bring {files} and the folder {side}/crl to the {side} broker's machine, then "
            f"there: {PEM_CACHE}"
        )
