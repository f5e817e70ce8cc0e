"""How often an agent may ask: a token bucket each."""

import math
import threading
from dataclasses import dataclass

AGENTS_MAX = 100_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rates:
    """A bucket per agent, refilled by the second; safe from any thread."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, agent: str, *, per_second: float, burst: int, now: float) -> int:
        """Take one token: 0, or the whole seconds after which to come again.

        ``now`` is monotonic. A rate that was changed applies from its next token on.
        """
        with self._lock:
            bucket = self._buckets.get(agent)
            if bucket is None:
                bucket = self._add(agent, burst, now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * per_second)
            bucket.at = now
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return 0
            return max(1, math.ceil((1 - bucket.tokens) / max(per_second, 0.001)))

    def _add(self, agent: str, burst: int, now: float) -> _Bucket:
        # Names come from the agents that were published, so this is a bound never met.
        if len(self._buckets) >= AGENTS_MAX:
            self._buckets.clear()
        bucket = self._buckets[agent] = _Bucket(float(burst), now)
        return bucket
