"""A kept document as people read and correct it: indented, line by line."""

from adapters.xml import XmlRefused, indented

UNREADABLE = "(these bytes are no XML; they are shown as they are)"


def text_of(body: bytes) -> str:
    """Return a document indented; what is no XML as it is, with marks for what is no text."""
    try:
        return indented(body)
    except XmlRefused:
        return body.decode("utf-8", "replace")


def lines_of(body: bytes) -> list[str]:
    """Return the lines of a document, indented."""
    return text_of(body).splitlines()
