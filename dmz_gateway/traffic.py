"""What is drained, as it was last published."""

from collections.abc import Mapping
from typing import Any

from adapters.published import Edition
from hub.traffic import Target, Targets


def read_traffic(values: Mapping[str, Any]) -> Edition[Targets]:
    """Read the typed values of a published Traffic document."""
    drained = Targets(Target.parse(text) for text in values.get("Drained", ()))
    return Edition(values["Version"], values["PublishedAt"], drained)
