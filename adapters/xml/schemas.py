"""The contracts: every XSD of a folder, ready to validate, to read values and to write them."""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.xml.converting import to_text
from adapters.xml.parsing import Element, XmlRefused, clean, parse, trim
from adapters.xml.shapes import Shape, Shapes

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "xsd"

NAME_CHARACTERS_MAX = 60
FAULTS_MAX = 50

Values = dict[str, Any]

# libxml2's sentences quote the value; what is refused may be a passenger's name.
_ELEMENT = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'(?:, attribute '[^']*')?: ")
_VALUE = re.compile(
    r"(?:The value )?(?<!attribute )'.*' (is not|has a|has|exceeds|does not)", re.DOTALL
)
_FACET = re.compile(r"\[facet '[^']*'\] ")
_NAMESPACE = re.compile(r"\{urn:[^}]*\}")


# libxml2 keeps what it knows of XML Schema's own types in one place for all threads: two that
# compile at the same moment break each other.
_COMPILING = threading.Lock()


class Schemas:
    """Implements ``hub.ports.Contracts`` for the XSDs in a folder.

    Each thread has compiled schemas of its own: one that is shared mixes up the error lists of
    threads that validate at the same time.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read every ``*.xsd`` of ``folder``."""
        self._sources: dict[str, bytes] = {}
        self._shapes: dict[str, Shape] = {}
        for path in sorted(folder.glob("*.xsd")):
            source = path.read_bytes()
            root = etree.fromstring(source, etree.XMLParser(remove_comments=True))
            self._sources[root.get("targetNamespace", "")] = source
            self._shapes.update(Shapes(root).read())
        self._local = threading.local()

    def check(self, element: str, body: bytes) -> None:
        """Parse ``body`` and validate it as ``element``; XmlRefused, an InvalidBody, if not."""
        self.read(element, body)

    def digest(self, element: str, body: bytes) -> str:
        """Return the SHA-256 (hex) over the typed values of a valid body."""
        values = self.values(self.read(element, body))
        canonical = json.dumps([element, values], default=str, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def read(self, element: str, body: bytes) -> Element:
        """Return the root of a body that is a valid ``element``."""
        root = parse(body, blanks=False)
        if root.tag != element:
            raise XmlRefused("SCHEMA_INVALID", "The document is not what its type says.")
        schema = self._schema(element[1:].partition("}")[0])
        if not schema.validate(root):
            trim(root)
            if not schema.validate(root):
                raise _broken(schema)
        return root

    def faults(self, element: str, body: bytes) -> list[tuple[int, str]]:
        """Return all that is wrong with a body, each with its line; empty where it is valid.

        For whoever corrects it by hand: ``check`` names the last only. XmlRefused where it is not
        well-formed, or not ``element`` at all.
        """
        try:
            self.read(element, body)
        except XmlRefused:
            root = parse(body)
            if root.tag != element:
                raise
            trim(root)
            schema = self._schema(element[1:].partition("}")[0])
            schema.validate(root)
            errors: Any = schema.error_log
            return [(one.line, _sentence(one.message, one.line)) for one in errors][:FAULTS_MAX]
        return []

    def knows(self, element: str) -> bool:
        """Return whether a contract has this global element."""
        return element in self._shapes

    def validate(self, root: Element) -> None:
        """Validate an element of a request; XmlRefused names the element, never its value.

        One that is not valid as it came is cleaned in place of what old stacks add, and tried
        again.
        """
        schema = self._schema(etree.QName(root).namespace or "")
        if not schema.validate(root):
            clean(root)
            if not schema.validate(root):
                raise _broken(schema)

    def values(self, root: Element) -> Values:
        """Return the typed values of a valid element, children by local name.

        Lists where there may be many. XmlRefused for a date that no calendar here can hold.
        """
        shape = self._shapes[root.tag]
        try:
            return _values(root, shape)
        except (ValueError, OverflowError):
            raise XmlRefused(
                "SCHEMA_INVALID",
                "A date or time is outside what can be kept: years 1 to 9999, microseconds.",
            ) from None

    def write(self, element: str, values: Mapping[str, Any]) -> bytes:
        """Return the document of ``values``, in the order of the XSD, valid; XmlRefused if not."""
        shape = self._shapes[element]
        namespace = element[1:].partition("}")[0]
        body = f'<{shape.name} xmlns="{namespace}">{_inner(shape, values)}</{shape.name}>'.encode()
        self.check(element, body)
        return body

    def _schema(self, namespace: str) -> etree.XMLSchema:
        compiled: dict[str, etree.XMLSchema] | None = getattr(self._local, "compiled", None)
        if compiled is None:
            compiled = self._local.compiled = {}
        schema = compiled.get(namespace)
        if schema is None:
            source = self._sources.get(namespace)
            if source is None:
                raise XmlRefused("SCHEMA_INVALID", "The document's namespace is not known.")
            with _COMPILING:
                schema = compiled[namespace] = etree.XMLSchema(etree.fromstring(source))
        return schema


def _values(node: Element, shape: Shape) -> Values:
    values: Values = {}
    for element in node:
        child = shape.children[element.tag]
        inner = child.shape
        value = (
            _values(element, inner) if inner.convert is None else inner.convert(element.text or "")
        )
        if child.many:
            values.setdefault(inner.name, []).append(value)
        else:
            values[inner.name] = value
    return values


def _inner(shape: Shape, values: Mapping[str, Any]) -> str:
    if shape.convert is not None:
        return to_text(values)
    parts: list[str] = []
    for child in shape.children.values():
        name = child.shape.name
        value = values.get(name)
        if value is None:
            continue
        items = value if child.many else (value,)
        parts.extend(f"<{name}>{_inner(child.shape, item)}</{name}>" for item in items)
    return "".join(parts)


def _broken(schema: etree.XMLSchema) -> XmlRefused:
    error = schema.error_log.last_error  # type: ignore[attr-defined]
    return XmlRefused("SCHEMA_INVALID", _sentence(error.message, error.line))


def _sentence(message: str, line: int) -> str:
    element = _ELEMENT.match(message)
    rest = _FACET.sub("", message[element.end() :] if element else message)
    plain = _NAMESPACE.sub("", _VALUE.sub(r"The value \1", rest, count=1))
    name = element[1][:NAME_CHARACTERS_MAX] if element else "The document"
    return f"{name} breaks the schema (line {line}): {plain.strip()[:400]}"
