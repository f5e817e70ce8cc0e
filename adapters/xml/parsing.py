"""Parsing what a stranger sent: no DTD, no entity, no network, few encodings, bounded by lxml.

Sources: CVE-2026-41066 (entities of other parsers' defaults) and libxml2's own limits: depth
256, text nodes of 10 MB.
"""

from lxml import etree

from hub.errors import InvalidBody

ENCODINGS = frozenset(
    {"UTF-8", "UTF8", "US-ASCII", "ASCII", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1"}
)


class XmlRefused(InvalidBody):
    """A body is refused; ``code`` says which rule, the sentence holds no value of the body."""

    def __init__(self, code: str, sentence: str) -> None:
        """``code``: MALFORMED_XML, DTD_FORBIDDEN, ENCODING_UNSUPPORTED or SCHEMA_INVALID."""
        super().__init__(sentence)
        self.code = code


def parse(body: bytes, encoding: str | None = None) -> etree._Element:
    """Return the root element; XmlRefused where the body is not plain, well-formed XML.

    ``encoding`` overrules what the document declares. A parser serves one call: a shared one
    would hold a lock across threads.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding=encoding,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise XmlRefused(
            "MALFORMED_XML", f"The document is not well-formed XML (line {line})."
        ) from None
    except (LookupError, ValueError):
        raise XmlRefused("ENCODING_UNSUPPORTED", "The encoding is not known.") from None
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None or docinfo.doctype:
        raise XmlRefused("DTD_FORBIDDEN", "The document has a DOCTYPE; send it without one.")
    if (docinfo.encoding or "UTF-8").upper() not in ENCODINGS:
        raise XmlRefused(
            "ENCODING_UNSUPPORTED", "The encoding is not supported; send UTF-8 or UTF-16."
        )
    return root
