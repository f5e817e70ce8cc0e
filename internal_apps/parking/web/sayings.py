"""What the trail, the shelves and the replays say, by form; see ``internal_apps.saying``."""

from internal_apps.parking.domain import sentence
from internal_apps.saying import Said, said

# Why something was not done with one of many.
WHYS = (
    sentence("It was not reached in this round; ask again for what is left."),
    sentence("It is not there: it was discarded or sent again before, or is only now coming."),
    sentence("It is parked no more: somebody else was first, or it has its outcome."),
    sentence("It was sent, but could not be taken out of the quarantine."),
    sentence("It could not be taken out of the quarantine."),
    sentence("No queue takes it: load the broker's definitions again."),
    sentence("The queue it goes to is full."),
    sentence("The broker takes no messages now."),
    sentence("The broker did not say whether it took it."),
    sentence(
        "A reply is of use while somebody waits: its outcome is stored, and a repeat fetches it."
    ),
    sentence("A newer edition of this document has been published since, or soon will be."),
    sentence("A question is asked again by whoever still wants to know; its asker waits no more."),
    sentence("Its type is not in this program's map of messages, so it would be refused again."),
    sentence("Whoever published it may not send this, and no replay makes it right: discard it."),
    sentence(
        "It is larger in its headers than any that Lupu sends, so it would be refused again."
    ),
    sentence("Its agent signed it, and signed nothing else: the agency repeats its request."),
    sentence("The correction is not the one that was proposed: it was changed. Report it."),
    sentence("This was put into the quarantine by something else."),
    sentence("These are not the %(count)s parts of one message. The others are not there."),
    sentence("A mistake in Lupu: %(kind)s."),
)
# What is wrong with the audit trail.
FAULTS = (
    sentence("Entries %(first)s to %(last)s are gone."),
    sentence("Entry %(number)s does not follow the one before it: one was put in or changed."),
    sentence("Entry %(number)s was changed."),
    sentence("Entry %(number)s is not the one that was noted elsewhere."),
    sentence("Entry %(number)s is not the one that was written last."),
    sentence("Entry %(number)s was noted elsewhere and is gone."),
    sentence("The entries after %(last)s are gone, up to %(stored)s."),
    sentence("The end is said to be entry %(said)s, and %(last)s follows."),
    sentence("The row that says where the trail ends is gone."),
)

# Why something was not stopped, or not let go on.
STOPS = (
    sentence("There is no route '%(name)s': %(routes)s."),
    sentence("'%(name)s' cannot be the name of a gateway or an agency."),
    sentence("That has begun before: look who did it and why."),
    sentence("That has not begun, or somebody else has ended it."),
    sentence("Say why: the next person on duty reads it."),
    sentence("The reason is too long: 500 characters at most."),
    sentence("The reason has a character that cannot be shown: type it anew."),
)


def why(text: str) -> Said:
    """Return why something was not done; a kind before it (``NotAllowed: ``) is left out."""
    without = said(text.partition(": ")[2], WHYS)
    return without if without.known else said(text, WHYS)


def traffic(text: str) -> Said:
    """Return why something was not stopped, or not let go on."""
    return said(text, STOPS)


def fault(text: str) -> Said:
    """Return what is wrong with the trail."""
    return said(text, FAULTS)
