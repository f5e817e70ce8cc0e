"""The WSDL in three views, with the address that the configuration names.

``wsdl`` imports its schemas by absolute address, ``singlewsdl`` holds them, ``wsdl11`` holds
them and has only the SOAP 1.1 binding: some old stacks stop at a binding they do not know.
"""

import copy
from functools import cache
from pathlib import Path

from lxml import etree

from adapters.soap.forms import Service

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
PATH = "/soap/ticketing"

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
_XS = "{http://www.w3.org/2001/XMLSchema}"


class Contract:
    """The agents' contract as it is served; made once, when the gateway starts."""

    def __init__(self, public_url: str, folder: Path = FOLDER) -> None:
        """``public_url`` is how agents reach the gateway: ``https://host:8443``."""
        self._address = public_url.rstrip("/") + PATH
        source = (folder / "wsdl" / "ticketing-1.wsdl").read_bytes()
        self._root = etree.fromstring(source, etree.XMLParser(remove_comments=True))
        imported = [
            Path(node.get("schemaLocation", "")).name for node in self._root.iter(f"{_XS}import")
        ]
        self._schemas = {name: (folder / "xsd" / name).read_bytes() for name in imported}
        operations = self._root.findall(f"{_WSDL}portType/{_WSDL}operation")
        self.service = Service(
            self._root.get("targetNamespace", ""),
            frozenset(node.get("name", "") for node in operations),
        )
        self._views = {
            "wsdl": self._importing(),
            "singlewsdl": self._inlined(),
            "wsdl11": self._inlined(only_11=True),
        }

    def view(self, query: str) -> bytes | None:
        """Return the document of a query string such as ``singleWsdl``; None if there is none."""
        return self._views.get(query.lower())

    def schema(self, name: str) -> bytes | None:
        """Return one of the imported schemas by its file name; None if there is none."""
        return self._schemas.get(name)

    def _importing(self) -> bytes:
        root = self._addressed()
        for node in root.iter(f"{_XS}import"):
            name = Path(node.get("schemaLocation", "")).name
            node.set("schemaLocation", f"{self._address}/xsd/{name}")
        return _bytes(root)

    def _inlined(self, *, only_11: bool = False) -> bytes:
        root = self._addressed()
        types = root.find(f"{_WSDL}types")
        if types is not None:
            types[:] = [
                etree.fromstring(source, etree.XMLParser(remove_comments=True))
                for source in self._schemas.values()
            ]
        if only_11:
            _without_12(root)
        return _bytes(root)

    def _addressed(self) -> etree._Element:
        root = copy.deepcopy(self._root)
        for port in root.iter(f"{_WSDL}port"):
            for address in port:
                address.set("location", self._address)
        return root


@cache
def agents_service() -> Service:
    """Return the operations that agents may ask for, for whoever reads what they signed."""
    return Contract("").service


def _without_12(root: etree._Element) -> None:
    for tag in ("binding", "port"):
        for parent in (root, *root.findall(f"{_WSDL}service")):
            for node in parent.findall(f"{_WSDL}{tag}"):
                if any(str(child.tag).startswith(_SOAP12) for child in node):
                    parent.remove(node)


def _bytes(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(root, keep_ns_prefixes=["c", "t"])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
