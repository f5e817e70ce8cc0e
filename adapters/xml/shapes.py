"""The shape of each document, read from its XSD once: which children, in what order, of what type.

Our own XSDs use a part of XML Schema: global elements, sequences and choices of elements, named
or anonymous types, restrictions and lists of built-in types. Anything else is an error here, so
that a contract cannot say more than the code understands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapters.xml.converting import CONVERTERS, Convert

XS = "{http://www.w3.org/2001/XMLSchema}"
_XS_NAMESPACE = XS[1:-1]


class UnknownShape(Exception):
    """An XSD says something that is not understood: a mistake in the contract."""


@dataclass(slots=True)
class Child:
    """A child element: its shape, whether it may be left out, whether there may be many."""

    shape: "Shape"
    optional: bool
    many: bool


@dataclass(slots=True)
class Shape:
    """An element: a leaf with a converter, or children in order."""

    tag: str
    name: str
    convert: Convert | None
    children: dict[str, Child]


class Shapes:
    """Reads one XSD."""

    def __init__(self, root: etree._Element) -> None:
        """``root`` is the parsed xs:schema."""
        self._namespace = root.get("targetNamespace", "")
        self._types = {
            node.get("name", ""): node
            for node in root
            if node.tag in (f"{XS}simpleType", f"{XS}complexType")
        }
        self._root = root

    def read(self) -> Mapping[str, Shape]:
        """Return the shape of every global element, by its tag."""
        shapes = [self._element(node) for node in self._root.findall(f"{XS}element")]
        return {shape.tag: shape for shape in shapes}

    def _element(self, node: etree._Element) -> Shape:
        name = node.get("name", "")
        shape = Shape(f"{{{self._namespace}}}{name}", name, None, {})
        type_name = node.get("type")
        definition = self._named(node, type_name) if type_name else node[-1]
        if isinstance(definition, str):
            shape.convert = _builtin(definition)
        elif definition.tag == f"{XS}simpleType":
            shape.convert = self._simple(definition)
        else:
            self._children(definition, shape.children, in_choice=False)
        return shape

    def _named(self, node: etree._Element, type_name: str) -> etree._Element | str:
        prefix, _, local = type_name.rpartition(":")
        if node.nsmap.get(prefix or None) == _XS_NAMESPACE:
            return local
        return self._types[local]

    def _simple(self, definition: etree._Element) -> Convert:
        for node in definition:
            if node.tag == f"{XS}restriction":
                base = self._named(node, node.get("base", ""))
                return _builtin(base) if isinstance(base, str) else self._simple(base)
            if node.tag == f"{XS}list":
                item = self._named(node, node.get("itemType", ""))
                convert = _builtin(item) if isinstance(item, str) else self._simple(item)
                return _ListOf(convert)
        raise UnknownShape(f"The simple type {definition.get('name')} is not understood.")

    def _children(self, group: etree._Element, into: dict[str, Child], *, in_choice: bool) -> None:
        for node in group:
            if node.tag == f"{XS}element":
                optional = in_choice or node.get("minOccurs") == "0"
                many = node.get("maxOccurs", "1") != "1"
                shape = self._element(node)
                into[shape.tag] = Child(shape, optional, many)
            elif node.tag == f"{XS}choice":
                self._children(node, into, in_choice=True)
            elif node.tag == f"{XS}sequence":
                self._children(node, into, in_choice=in_choice)
            elif node.tag != f"{XS}annotation":
                raise UnknownShape(f"{node.tag} is not understood.")


@dataclass(frozen=True, slots=True)
class _ListOf:
    convert: Convert

    def __call__(self, text: str) -> list[Any]:
        return [self.convert(item) for item in text.split()]


def _builtin(name: str) -> Convert:
    convert = CONVERTERS.get(name)
    if convert is None:
        raise UnknownShape(f"The type xs:{name} is not understood.")
    return convert
