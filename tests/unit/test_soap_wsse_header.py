"""Reading a Security header: its Timestamp's times, and each thing once."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from adapters.soap.forms import SoapRefused
from adapters.soap.wsse import WSSE, WSU, Security, Token, check_timestamp, read_security

NOW = datetime(2010, 5, 1, 9, 0, tzinfo=UTC)
CREATED = "2010-05-01T09:00:00Z"
WINDOW_SECONDS = 300.0


def header(content: str) -> etree._Element:
    """Return a Security header."""
    return etree.fromstring(f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}">{content}</w:Security>')


def stamped(created: str = "", expires: str = "") -> Security:
    """Return what a Security header with a Timestamp holds."""
    parts = (f"<u:Created>{created}</u:Created>" if created else "") + (
        f"<u:Expires>{expires}</u:Expires>" if expires else ""
    )
    return read_security(header(f"<u:Timestamp>{parts}</u:Timestamp>"))


@pytest.mark.parametrize("now", [NOW, NOW.replace(tzinfo=None)], ids=["aware", "naive"])
def test_a_timestamp_within_its_time_is_taken(now: datetime) -> None:
    """Created within the window and Expires to come; no Timestamp at all says nothing."""
    check_timestamp(Security(), now, WINDOW_SECONDS)
    check_timestamp(stamped(CREATED), now, WINDOW_SECONDS)
    check_timestamp(stamped(CREATED, "2010-05-01T09:00:01Z"), now, WINDOW_SECONDS)


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        ("", ""),
        ("", "2010-05-01T09:05:00Z"),
        ("2010-05-01T08:54:59Z", ""),
        ("2010-05-01T09:05:01Z", ""),
        (CREATED, CREATED),
        (CREATED, "tomorrow"),
        ("now", ""),
    ],
)
def test_a_timestamp_out_of_its_time_is_refused(created: str, expires: str) -> None:
    """Without Created, too old, of the future, ended, or unreadable: MESSAGE_EXPIRED."""
    with pytest.raises(SoapRefused) as refused:
        check_timestamp(stamped(created, expires), NOW, WINDOW_SECONDS)
    assert refused.value.code == "MESSAGE_EXPIRED"


STAMP = f"<u:Timestamp><u:Created>{CREATED}</u:Created></u:Timestamp>"
TOKEN = "<w:UsernameToken><w:Username>a</w:Username><w:Password>b</w:Password></w:UsernameToken>"
SIGNATURE = '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (STAMP * 2, "SIGN_IN_FAILED"),
        (TOKEN * 2, "SIGN_IN_FAILED"),
        (SIGNATURE * 2, "SIGNATURE_INVALID"),
        ("<w:UsernameToken><w:Username>a</w:Username></w:UsernameToken>", "SIGN_IN_FAILED"),
        (TOKEN.replace("<w:Password>", '<w:Password Type="#Other">'), "SIGN_IN_FAILED"),
        (TOKEN.replace(">a<", "><w:b/><"), "SIGN_IN_FAILED"),
        (TOKEN.replace(">a<", f">{'a' * 1001}<"), "SIGN_IN_FAILED"),
    ],
)
def test_a_security_header_says_each_thing_once(content: str, code: str) -> None:
    """Two of what there is one of, and what cannot be read, is refused before it counts."""
    with pytest.raises(SoapRefused) as refused:
        read_security(header(content))
    assert refused.value.code == code


def test_a_security_header_is_read_whole() -> None:
    """Token, Timestamp and signature are found, in any order."""
    security = read_security(header(SIGNATURE + STAMP + TOKEN))
    assert security.token == Token("a", "b")
    assert (security.signed, security.timestamp is not None) == (True, True)
    assert read_security(None) == Security()
