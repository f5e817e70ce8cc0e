"""How many messages an agent may send, counted by when they were accepted.

A backlog of a day comes at once and is no flood: each message says when it was accepted, and in
no span of time were more accepted than the gateways let through. Who floods in an agent's name
says a time for each message, too: of any one span no more pass than an honest day would have
brought, and altogether no more than may have gathered in ``backlog_seconds``.

What comes again counts once, known by itself: whether it comes again or is replayed by whom, a
broker could say of anything.
"""

WINDOW_SECONDS = 10
# A gateway lets through so many seconds' worth at once.
BURST_SECONDS = 2
# Of each agent; those first counted are forgotten first, which only lets more pass.
WINDOWS_MAX = 400
# So many of the last counted are known again: more than all hubs together hold at once.
REMEMBERED_MIN = 50_000


class _Counted:
    """What was counted of one agent."""

    __slots__ = ("at", "left", "windows")

    def __init__(self, left: float, at: float) -> None:
        self.windows: dict[int, int] = {}
        self.left = left
        self.at = at


class AcceptedRates:
    """Counts by agent: in each window of acceptance, and from a stock that refills by the second.

    Never refuses what up to ``times`` gateways let through, however late and in whatever order
    it comes, as long as no more than ``backlog_seconds`` of it have gathered. The agents are
    those that were published, so their number is bounded by others.
    """

    def __init__(self, times: float, backlog_seconds: float) -> None:
        self._times = times
        self._stock_seconds = backlog_seconds + BURST_SECONDS
        self._agents: dict[str, _Counted] = {}
        self._remembered: set[int] = set()
        self._remembered_before: set[int] = set()

    def take(self, agent: str, per_second: int, sent: int, accepted_at: float, now: float) -> bool:
        """Count a message; False where it is one too many. Times are seconds of one clock.

        ``sent`` names its sending: what was counted under it is not counted again.
        """
        if sent in self._remembered or sent in self._remembered_before:
            return True
        rate = per_second * self._times
        stock = rate * self._stock_seconds
        counted = self._agents.get(agent)
        if counted is None:
            counted = self._agents[agent] = _Counted(stock, now)
        windows = counted.windows
        window = int(accepted_at // WINDOW_SECONDS)
        count = windows.get(window, 0)
        if count >= rate * (WINDOW_SECONDS + BURST_SECONDS):
            return False
        left = min(stock, counted.left + max(0.0, now - counted.at) * rate)
        counted.at = now
        if left < 1:
            counted.left = left
            return False
        counted.left = left - 1
        if not count and len(windows) >= WINDOWS_MAX:
            del windows[next(iter(windows))]
        windows[window] = count + 1
        self._remembered.add(sent)
        if len(self._remembered) >= REMEMBERED_MIN:
            self._remembered_before, self._remembered = self._remembered, set()
        return True
