"""Every error of the bridge, in one tree; retry policy asks the class, never the text.

::

    LupuError
    ├── TryAgain                  the same thing may work later
    │   ├── BrokerAway            no connection, blocked, or not confirmed in time
    │   ├── DatabaseAway          no connection, deadlock, lock timeout, disk full
    │   ├── InHand                somebody else is at the same kept messages
    │   ├── AgentsNotKnown        no edition of the agents has come yet
    │   ├── AgentsOlder           the edition is older than the message that it refuses
    │   └── KeyMissing            no key of one's own to seal or sign with is at hand
    ├── NeverWorks                the same thing will fail again
    │   ├── MalformedEnvelope     headers are missing or cannot be read
    │   ├── UnknownMessage        no such message type in the map
    │   ├── InvalidBody           the body breaks its contract
    │   ├── NotAuthentic          a seal or signature is not right
    │   ├── KeyNotTrusted         the key of a seal or signature is unknown, ended or revoked
    │   ├── NotAllowed            the guard or a permission forbids it
    │   ├── UnknownAgent          no agent of this number is published
    │   ├── AgentBlocked          accepted after its agent was blocked
    │   ├── NotSigned             its agent signs, and the signed request is missing
    │   ├── ProofWrong            the signed request is not that of this message
    │   ├── TooMany               more than the agent may send
    │   ├── GuardBroken           a mistake in Lupu: the guard could not judge it
    │   └── Unkept                a mistake in Lupu: neither handled nor parked
    ├── SettingsError             the configuration is wrong; nothing was started
    └── Refused                   a business outcome: carries a Refusal, undoes the effect

``Refusal`` is not an error but an answer: a business outcome with its reason.
"""

import traceback
from dataclasses import dataclass


def broken_at(error: BaseException) -> str:
    """Return the file and line at which something broke, to be logged.

    What a foreign error says may hold what stands in a row, a passenger's name say: where it
    broke does not.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def broken(error: BaseException) -> dict[str, str]:
    """Return what a log says of a mistake: the error's class and where it broke."""
    return {"error": type(error).__name__, "place": broken_at(error)}


class LupuError(Exception):
    """Root of the tree; never raised itself."""


class TryAgain(LupuError):
    """The same thing may work later; the route pauses, nothing is counted."""


class BrokerAway(TryAgain):
    """A broker cannot be reached, is blocked, or did not confirm in time."""


class DatabaseAway(TryAgain):
    """The database cannot be reached or cannot serve now."""


class InHand(TryAgain):
    """Somebody else is at the same kept messages; they are free again in a moment."""


class KeyMissing(TryAgain):
    """A component has no key of its own to seal or sign with that is good now."""


class AgentsNotKnown(TryAgain):
    """No edition of the agents has come yet: nothing can be said of what agents send."""


class AgentsOlder(TryAgain):
    """The agents are known as they were before the message was accepted, and it is refused by
    that: a newer edition may let it through.
    """

    def __init__(self, refusal: "NeverWorks") -> None:
        """``refusal``: what becomes of it where no newer edition comes."""
        super().__init__(str(refusal))
        self.refusal = refusal


class NeverWorks(LupuError):
    """The same thing will fail again; the message is kept with this reason."""


class MalformedEnvelope(NeverWorks):
    """Headers are missing or cannot be read."""


class UnknownMessage(NeverWorks):
    """The type is not in the map of messages."""


class InvalidBody(NeverWorks):
    """The body is not well formed or breaks its contract."""


class NotAuthentic(NeverWorks):
    """A seal or a signature is not right: altered, swapped, of another sender, or none at all."""


class KeyNotTrusted(NeverWorks):
    """The key of a seal or a signature is unknown, ended or revoked."""


class NotAllowed(NeverWorks):
    """The guard or a permission forbids it."""


class UnknownAgent(NeverWorks):
    """No agent of this number is published."""


class AgentBlocked(NeverWorks):
    """It was accepted after its agent was blocked."""


class NotSigned(NeverWorks):
    """Its agent signs, but the request as the agent signed it is missing."""


class ProofWrong(NeverWorks):
    """The request that an agent signed is not that of this message, or its signature is wrong."""


class TooMany(NeverWorks):
    """More messages than an agent may send were accepted in its name; not wrong by itself."""


class GuardBroken(NeverWorks):
    """The guard itself broke on it, which is a mistake in Lupu."""


class Unkept(NeverWorks):
    """It could be neither handled nor parked, which is a mistake in Lupu."""


class SettingsError(LupuError):
    """The configuration is wrong; the sentence says which entry and what to write."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no: a code for programs, sentences for people, what to do.

    ``retry_after_seconds`` is only meaningful where ``retryable`` is true.
    """

    code: str
    sentence_en: str
    sentence_zh: str
    what_to_do_en: str
    what_to_do_zh: str
    retryable: bool = False
    retry_after_seconds: int = 0


class Refused(LupuError):
    """Raised by business code to say no: what it did is undone, the refusal is the outcome."""

    def __init__(self, refusal: Refusal, subject: str = "") -> None:
        """``refusal`` becomes the answer; ``subject`` is what it is about, where known."""
        super().__init__(refusal.code)
        self.refusal = refusal
        self.subject = subject
