"""What the pages say of reasons, steps and ends: plain words, translated where they are shown."""

from datetime import datetime

from hub.parking import End, Place
from hub.traffic import Kind, Mode
from internal_apps.parking.domain import GONE, Entry, State, What, sentence
from internal_apps.previewing import Foreseen

MINUTE, HOUR, DAY = 60, 3_600, 86_400


PLACES = {
    Place.PARKED: sentence("Parked inside"),
    Place.OUTSIDE: sentence("Quarantine outside"),
    Place.INSIDE: sentence("Quarantine inside"),
}
ABOUT = {
    Place.PARKED: sentence("They passed the guard and then failed by themselves, several times."),
    Place.OUTSIDE: sentence("The guard of the hub refused them; they came no further."),
    Place.INSIDE: sentence("A worker refused them on the inside broker."),
}

# By kind of reason: what is wrong, and what to do; OPERATING.md says more.
KINDS = {
    "MalformedEnvelope": (
        sentence("Its headers are missing or cannot be read. No part of Lupu sends that."),
        sentence("Find out who published past the gateway, then discard it."),
    ),
    "UnknownMessage": (
        sentence("Its type is not in this program's map of messages."),
        sentence("Upgrade what is older, then replay it; discard what is forged."),
    ),
    "InvalidBody": (
        sentence("Its document breaks its contract, or holds a value that cannot be."),
        sentence("Correct it with the agency, or upgrade what is older; then replay it."),
    ),
    "NotAllowed": (
        sentence("Who published it, whom it speaks for, its way or its time is not allowed."),
        sentence("Find out who has that certificate. Was a clock wrong? Replay; else discard."),
    ),
    "NotAuthentic": (
        sentence("Its seal does not open: altered, swapped or forged on the way."),
        sentence("Find out who runs the outside broker; discard it, the agency repeats it."),
    ),
    "KeyNotTrusted": (
        sentence("It is sealed with a key that is unknown here, ended or revoked."),
        sentence("Key unknown? Bring the newest keyring to the hubs, replay; else discard it."),
    ),
    "UnknownAgent": (
        sentence("No agent of its number is published."),
        sentence(
            "Added a moment ago? Replay it; else look at that gateway's machine, discard it."
        ),
    ),
    "AgentBlocked": (
        sentence("It was accepted long after its agent was blocked."),
        sentence("A gateway cut off? Decide with the agency, unblock, replay; else discard it."),
    ),
    "NotSigned": (
        sentence("Its agent signs what it sends, and the signed request is missing."),
        sentence("Look at that gateway's machine, discard it; the agency repeats its request."),
    ),
    "ProofWrong": (
        sentence("What the agent signed is not this message."),
        sentence("Look at that gateway's machine, discard it; the agency repeats its request."),
    ),
    "TooMany": (
        sentence("More came in the name of one agent than gateways let through."),
        sentence(
            "A rate set too low? Set it right, replay; else a flood: ask the agency, discard."
        ),
    ),
    "GuardBroken": (
        sentence("A mistake in Lupu: the guard could not judge it."),
        sentence("Report it; replay it after the upgrade."),
    ),
    "Unkept": (
        sentence("A mistake in Lupu: it could be neither handled nor parked."),
        sentence("Report it; replay it after the upgrade."),
    ),
    "Other": (
        sentence("The reason names no kind."),
        sentence("Look at it; replay or discard it."),
    ),
}
# What is parked for these is a page of a gateway's book.
PARKED_KINDS = {
    "KeyNotTrusted": (
        sentence("The page is signed with a key that is unknown here, ended or revoked."),
        sentence(
            "Key unknown? Bring evidence the newest keyring: it takes it in. Revoked, but honest "
            "by the gateway's own book? Have the key restored for evidence alone. Else discard."
        ),
    ),
    "NotAllowed": (
        sentence("It is a page of a book, and not of its sender's."),
        sentence("Look at that gateway's machine, discard it."),
    ),
    "MalformedEnvelope": (
        sentence("It is a page of a book, and has a time that is none."),
        sentence("Look at that gateway's machine, discard it."),
    ),
}
MISTAKE = (
    sentence("A mistake in Lupu, which trying again did not mend."),
    sentence("Report it. After the upgrade see what a replay would do, then replay all."),
)

FORESEEN = {
    Foreseen.OUTCOME: sentence("It would be handled now, with this outcome:"),
    Foreseen.BEHIND: sentence("It would wait behind an earlier request that is kept too:"),
    Foreseen.PAUSED: sentence("It would be kept until its pause is ended."),
    Foreseen.WAITING: sentence("It would wait for what it names, which is not there."),
    Foreseen.FAILS: sentence("It would fail again:"),
    Foreseen.GONE: GONE,
    Foreseen.REFUSED: sentence("The guard would refuse it again:"),
    Foreseen.FIRST: sentence("It would pass the guard and be handled as a new request."),
    Foreseen.REPEAT: sentence("It would pass the guard; its stored outcome would be told again."),
    Foreseen.OPEN: sentence("It would pass the guard; the request waits inside already."),
    Foreseen.REUSED: sentence("It would pass, and be refused: its reference was used before."),
    Foreseen.TOO_OLD: sentence("It would pass, and be refused for its age."),
}
GOOD_NEWS = frozenset({Foreseen.FIRST, Foreseen.REPEAT, Foreseen.OPEN})

ENDS = {
    End.DONE: sentence("done"),
    End.NOT_THERE: sentence("not there: somebody else was first"),
    End.CANNOT: sentence("cannot be replayed"),
    End.NOT_TAKEN: sentence("not taken by the queue it goes to"),
    End.UNKNOWN: sentence("perhaps arrived; replay it again, which does no harm"),
    End.NOT_REACHED: sentence("its turn did not come; ask again"),
}
ENDED = {end.value: word for end, word in ENDS.items()}
STATES = {
    State.PROPOSED: sentence("waits for a second person"),
    State.APPROVED: sentence("approved, not yet replayed"),
    State.REJECTED: sentence("rejected"),
    State.SENT: sentence("replayed with it"),
}
STEPS = {
    What.VIEWED: sentence("looked at it"),
    What.LISTED: sentence("saw it in a list"),
    What.PREVIEWED: sentence("looked at what a replay would do"),
    What.PROPOSED: sentence("proposed a correction"),
    What.APPROVED: sentence("approved the correction"),
    What.REJECTED: sentence("rejected the correction"),
    What.REPLAY: sentence("replays it"),
    What.DISCARD: sentence("discards it"),
    What.ENDED: sentence("and that ended"),
    What.PROOF: sentence("took out what the agency signed"),
    What.SAVED: sentence("saved its bytes as a file"),
    What.PAUSE: sentence("paused it"),
    What.FORGOTTEN: sentence("had it forgotten whom the booking was for"),
    What.DRAIN: sentence("drained it"),
    What.RESUME: sentence("resumed it"),
}
DONE = {
    "replayed": sentence("Handed over: each is handled at most once, in its turn."),
    "discarded": sentence("Discarded. Their senders get the refusal DISCARDED."),
    "proposed": sentence("Proposed. Somebody else must approve it before it can be replayed."),
    "approved": sentence("Approved. Replay it now to have it handled with the correction."),
    "rejected": sentence("Rejected. Nothing changes."),
}


TARGETS = {
    Kind.ROUTE: sentence("Route"),
    Kind.AGENCY: sentence("Agency"),
    Kind.GATEWAY: sentence("Gateway"),
}
MODES = {Mode.PAUSE: sentence("paused"), Mode.DRAIN: sentence("drained")}
MODES_MEAN = {
    Mode.PAUSE: sentence("What comes is accepted, kept inside and done once it goes on."),
    Mode.DRAIN: sentence("Gateways accept nothing new of it; what was accepted is done."),
}
GATEWAY_DRAINED = sentence("The balancer sends it nothing new; what it accepted is done.")
TRAFFIC_DONE = {
    "halted-pause": sentence("Paused. Workers see it at once."),
    "halted-drain": sentence("Drained. Every gateway knows within seconds."),
    "resumed-pause": sentence("It goes on: what was kept is being done."),
    "resumed-drain": sentence("It goes on. Every gateway knows within seconds."),
}

DONE_PAST_THE_GUARD = {
    "replayed": sentence(
        "Sent past the guard again. What it refuses comes back here: look again in a moment."
    ),
    "discarded": sentence("Discarded. Nothing of it came inside; its sender may send it again."),
}


def halted_means(mode: Mode, kind: Kind) -> str:
    """Return what it means that something is paused or drained."""
    if (mode, kind) == (Mode.DRAIN, Kind.GATEWAY):
        return GATEWAY_DRAINED
    return MODES_MEAN[mode]


def meaning(kind: str, place: Place) -> tuple[str, str]:
    """Return what a kind of reason means in a place, and what to do."""
    parked = PARKED_KINDS.get(kind) if place is Place.PARKED else None
    return parked or KINDS.get(kind, MISTAKE)


def done(word: str, place: Place) -> str | None:
    """Return what is said once something is done."""
    past = DONE_PAST_THE_GUARD.get(word) if place is not Place.PARKED else None
    return past or DONE.get(word)


def step(entry: Entry) -> str:
    """Return what an entry of the trail says in words."""
    return STEPS[What(entry.what)] if entry.what in set(What) else entry.what


def age(at: datetime | None, now: datetime) -> tuple[int, str]:
    """Return how long ago something was: a count and its unit, ``d``, ``h``, ``min`` or ``s``."""
    if at is None:
        return 0, ""
    seconds = max(int((now - at).total_seconds()), 0)
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return seconds // unit, word
    return seconds, "s"
