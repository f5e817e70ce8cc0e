"""A document as people read it: one element a line."""

from lxml import etree

from adapters.xml.parsing import parse


def indented(body: bytes) -> str:
    """Return a document indented, its values unaltered; XmlRefused where it is no XML."""
    root = parse(body)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"
