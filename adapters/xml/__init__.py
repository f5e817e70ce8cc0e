"""XML through lxml: parsed safely, held to its XSD, read as typed values and written again."""

from adapters.xml.indenting import indented
from adapters.xml.parsing import XmlRefused, parse
from adapters.xml.refusals import read_refusal, write_refusal
from adapters.xml.schemas import FOLDER, Schemas

__all__ = ["FOLDER", "Schemas", "XmlRefused", "indented", "parse", "read_refusal", "write_refusal"]
