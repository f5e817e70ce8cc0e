"""How a bug is planted into the real code, and taken out again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Replacement = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake: what stands at a place gives way to what ``replacement`` makes of it."""

    name: str
    owner: Any
    attribute: str
    replacement: Replacement
    seed: int

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the real code make this mistake."""
        right = self.owner.__dict__[self.attribute]
        setattr(self.owner, self.attribute, self.replacement(right))
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, right)


BUGS: list[Bug] = []


def bug(owner: Any, attribute: str, *, seed: int) -> Callable[[Replacement], Replacement]:
    """Plant what the decorated function makes of ``attribute``; its name says the mistake.

    ``seed`` found it when it was written, and is tried first.
    """

    def add(replacement: Replacement) -> Replacement:
        name = replacement.__name__.strip("_").replace("_", " ")
        BUGS.append(Bug(name, owner, attribute, replacement, seed))
        return replacement

    return add
