"""What ``lupu check`` prints: each thing a process depends on is fine, or says what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from hub.errors import LupuError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    ``sentence`` says how it is, or what is wrong and what to do.
    """

    name: str
    fine: bool
    sentence: str

    @classmethod
    def ask(cls, name: str, question: Callable[[], str]) -> Self:
        """Return what ``question`` answers; any LupuError becomes the sentence of a bad check."""
        try:
            return cls(name, True, question())
        except LupuError as error:
            return cls(name, False, str(error))
