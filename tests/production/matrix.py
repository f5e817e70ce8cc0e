"""Who refused what, and in which words, as a table."""


class Matrix:
    """Listener by fault; each is noted once it was seen."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}

    def note(self, where: str, fault: str, said: str) -> None:
        """Keep what was said to a fault."""
        self._said[where, fault] = said

    def refused(self) -> int:
        """Return how many were refused."""
        return len(self._said)

    def shown(self) -> str:
        """Return a line for each, in the order in which they were seen."""
        lines = [f"{w:<24} {f:<18} refused: {said}" for (w, f), said in self._said.items()]
        return "\n".join(lines)
