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
REFERENCE = "@REFERENCE@"
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_NOT_THE_ANSWER = "NOT THE ANSWER"

_REQUEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>{AGENT}</w:Username>
<w:Password>@PASSWORD@</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>
<PlaceBooking xmlns="{TICKETING}"><RequestReference>{REFERENCE}</RequestReference>
<Kind>INDIVIDUAL</Kind><Contact><Name>王小明</Name><Telephone>+86 21 5555 0100</Telephone>
<Email>wang@agency.example</Email></Contact><Lines>
<Line><TicketType>STANDARD</TicketType><Day>@DAY@</Day><Quantity>2</Quantity></Line>
<Line><TicketType>STANDARD_SPECIAL</TicketType><Day>@DAY@</Day><Quantity>1</Quantity></Line>
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
_EXPECTING = """
response = function(status, headers, body)
  if not string.find(body, ">{answer}<", 1, true) then
    print("{other} " .. body)
    wrk.thread:stop()
  end
end
"""


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, as whom, for which day; ``answer``: the status that each answer must have."""

    url: str
    password: str
    day: str = "2010-05-04"
    answer: str = ""

    def request(self) -> str:
        """Return the request, with a place for its reference."""
        return _REQUEST.replace("@PASSWORD@", self.password).replace("@DAY@", self.day)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of asking for a while."""

    per_second: float
    p50_ms: float
    p99_ms: float


def load(asking: Asking, folder: Path, *, connections: int, seconds: int) -> Load:
    """Ask from ``connections`` at once; ProcessFailed unless every answer was right."""
    before, _, after = asking.request().partition(REFERENCE)
    text = _SCRIPT.format(before=before, after=after, run=secrets.token_hex(6))
    if asking.answer:
        text += _EXPECTING.format(answer=asking.answer, other=_NOT_THE_ANSWER)
    script = folder / "place.lua"
    script.write_text(text, "utf-8")
    command = [str(program("wrk", "wrk")), "-t", "1", "-c", str(connections), "--latency"]
    done = subprocess.run(  # noqa: S603  the command is made above
        [*command, "-d", f"{seconds}s", "--timeout", "30s", "-s", str(script), asking.url],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    said = done.stdout
    if done.returncode or any(bad in said for bad in ("Non-2xx", "Socket err", _NOT_THE_ANSWER)):
        raise ProcessFailed(f"the load on {asking.url} did not go well: {said}{done.stderr}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None:
        raise ProcessFailed(f"wrk said something else: {said}")
    return Load(float(rate[1]), _latency_ms(said, 50), _latency_ms(said, 99))


def _latency_ms(said: str, percent: int) -> float:
    found = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s|m)\b", said)
    return 0.0 if found is None else float(found[1]) * _UNITS_MS[found[2]]
