"""Parsing what a stranger sent: no DTD, no entity, no network, few encodings, bounded by libxml2.

Sources: CVE-2026-41066 (entities of other parsers' defaults) and libxml2's own limits: depth
256, text nodes of 10 MB. RFC 7303, section 3, for which of two encodings counts.
"""

import threading
from functools import partial

from lxml import etree

from adapters.xml import names
from hub.errors import InvalidBody

Element = etree._Element  # noqa: SLF001  lxml's class has no other name

XSI = "http://www.w3.org/2001/XMLSchema-instance"
WHITE_SPACE = " \t\r\n"

# Names of encodings as they are written, and what they mean.
ENCODINGS = {
    "UTF-8": "UTF-8",
    "UTF8": "UTF-8",
    "US-ASCII": "US-ASCII",
    "ASCII": "US-ASCII",
    "UTF-16": "UTF-16",
    "UTF-16LE": "UTF-16LE",
    "UTF-16BE": "UTF-16BE",
    "ISO-8859-1": "ISO-8859-1",
    "ISO8859-1": "ISO-8859-1",
    "ISO_8859-1": "ISO-8859-1",
    "LATIN1": "ISO-8859-1",
    "LATIN-1": "ISO-8859-1",
}

_NIL = f"{{{XSI}}}nil"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_FOREIGN = (f"{{{XSI}}}", f"{{{_WSU}}}")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_UTF_16_STARTS = {b"<\0": "UTF-16LE", b"\0<": "UTF-16BE"}
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_UNKNOWN_ENCODINGS = {
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
}

# Each thread keeps its own parsers: one that is shared holds a lock across threads.
_thread = threading.local()


class XmlRefused(InvalidBody):
    """A body is refused; ``code`` says which rule, the sentence holds no value of the body."""

    def __init__(self, code: str, sentence: str) -> None:
        """``code``: MALFORMED_XML, DTD_FORBIDDEN, ENCODING_UNSUPPORTED or SCHEMA_INVALID."""
        super().__init__(sentence)
        self.code = code

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.code, str(self))


def parse(
    body: bytes, charset: str | None = None, *, instructions: bool = False, blanks: bool = True
) -> Element:
    """Return the root element; XmlRefused where the body is not plain, well-formed XML.

    ``charset`` is what a transport's header says: it goes before the document's own declaration
    and after a byte order mark. Comments are dropped, so that none can split a text; so are
    processing instructions, unless ``instructions`` are asked for, and without ``blanks`` what
    indents the elements.
    """
    encoding = _override(body, charset) if charset else None
    try:
        read = partial(_root, body, encoding, instructions=instructions, blanks=blanks)
        root = names.kept_few(read, len(body))
    except etree.XMLSyntaxError as error:
        raise _unreadable(body, error) from None
    except ValueError:
        raise XmlRefused("MALFORMED_XML", "The document is empty.") from None
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None:
        raise _doctype()
    encoding = docinfo.encoding or "UTF-8"
    if encoding not in ENCODINGS and encoding.upper() not in ENCODINGS:
        raise _encoding()
    return root


def _root(body: bytes, encoding: str | None, *, instructions: bool, blanks: bool) -> Element:
    kept: dict[object, etree.XMLParser] | None = getattr(_thread, "parsers", None)
    if kept is None:
        kept = _thread.parsers = {}
    kind = encoding, instructions, blanks
    parser = kept.get(kind)
    if parser is None:
        parser = kept[kind] = _parser(encoding, instructions=instructions, blanks=blanks)
    return etree.fromstring(body, parser)


def _parser(encoding: str | None, *, instructions: bool, blanks: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_blank_text=not blanks,
        remove_comments=True,
        remove_pis=not instructions,
    )


def clean(root: Element) -> None:
    """Take out of an element what only old stacks add, which says nothing in our contracts.

    Leaves are trimmed; ``xsi`` attributes and ``wsu:Id`` go, and so do elements that are
    ``xsi:nil`` and empty: for an element that may be left out, nil means left out.
    """
    trim(root)
    for node in list(root.iter()):
        if node.attrib:
            _drop_foreign_attributes(node)


def trim(root: Element) -> None:
    """Trim the text of leaves: libxml2 refuses white space around dates."""
    for node in root.iter():
        text = node.text
        if text and not len(node) and text != (bare := text.strip(WHITE_SPACE)):
            node.text = bare


def _drop_foreign_attributes(node: Element) -> None:
    nil = node.get(_NIL, "").strip(WHITE_SPACE) in ("true", "1")
    for name in [str(name) for name in node.attrib if str(name).startswith(_FOREIGN)]:
        del node.attrib[name]
    parent = node.getparent()
    if nil and parent is not None and not len(node) and not node.text:
        parent.remove(node)


def _override(body: bytes, charset: str) -> str | None:
    known = ENCODINGS.get(charset.upper())
    if known is None:
        raise _encoding()
    if body.startswith(_MARKS):
        return None
    if known == "UTF-16":
        return _UTF_16_STARTS.get(body[:2], "UTF-16BE")
    return known


def _unreadable(body: bytes, error: etree.XMLSyntaxError) -> XmlRefused:
    if any(doctype in body for doctype in _DOCTYPES):
        return _doctype()
    if getattr(error, "code", None) in _UNKNOWN_ENCODINGS:
        return _encoding()
    line = error.lineno or 1
    return XmlRefused("MALFORMED_XML", f"The document is not well-formed XML (line {line}).")


def _doctype() -> XmlRefused:
    return XmlRefused("DTD_FORBIDDEN", "The document has a DOCTYPE; send it without one.")


def _encoding() -> XmlRefused:
    return XmlRefused(
        "ENCODING_UNSUPPORTED", "The encoding is not supported; send UTF-8 or UTF-16."
    )
