"""The SOAP request that the gateway and its peer are asked, and the load that asks it."""

import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from adapters.soap.wsse import WSSE
from deploy.local.process import ProcessFailed
from deploy.local.programs import program
from hub.messages import TICKETING

AGENT = "1001"
PASSWORD = "a password of the bench, 128 bits"  # noqa: S105  of no agent but the bench's own
REFERENCE = "@REFERENCE@"
CONNECTIONS = 32
SECONDS = 6

REQUEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>{AGENT}</w:Username>
<w:Password>{PASSWORD}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>
<PlaceBooking xmlns="{TICKETING}"><RequestReference>{REFERENCE}</RequestReference>
<Kind>INDIVIDUAL</Kind><Contact><Name>王小明</Name><Telephone>+86 21 5555 0100</Telephone>
<Email>wang@agency.example</Email></Contact><Lines>
<Line><TicketType>STANDARD_SINGLE</TicketType><Day>2010-05-04</Day><Quantity>2</Quantity></Line>
<Line><TicketType>CHILD_SINGLE</TicketType><Day>2010-05-04</Day><Quantity>1</Quantity></Line>
</Lines></PlaceBooking></s:Body></s:Envelope>"""

# Each request has a reference of its own, as each booking has.
_SCRIPT = """
local before, after, count = [==[{before}]==], [==[{after}]==], 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
wrk.headers["SOAPAction"] = '""'
request = function()
  count = count + 1
  return wrk.format(nil, nil, nil, before .. "{run}-" .. count .. after)
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of asking for a while."""

    per_second: float
    p99_ms: float


def load(url: str, folder: Path) -> Load:
    """Ask ``url`` from CONNECTIONS at once for SECONDS; ProcessFailed unless all went well."""
    before, _, after = REQUEST.partition(REFERENCE)
    script = folder / "place.lua"
    run = secrets.token_hex(6)
    script.write_text(_SCRIPT.format(before=before, after=after, run=run), "utf-8")
    command = [str(program("wrk", "wrk")), "-t", "1", "-c", str(CONNECTIONS), "--latency"]
    done = subprocess.run(  # noqa: S603  the command is made above
        [*command, "-d", f"{SECONDS}s", "-s", str(script), url],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS * 10,
        check=False,
    )
    said = done.stdout
    if done.returncode or "Non-2xx" in said or "Socket errors" in said:
        raise ProcessFailed(f"the load on {url} did not go well: {said}{done.stderr}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if rate is None or late is None:
        raise ProcessFailed(f"wrk said something else: {said}")
    return Load(float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1.0, "s": 1_000.0}[late[2]])
