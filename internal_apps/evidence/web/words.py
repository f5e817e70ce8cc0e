"""The words of the page: what each verdict and finding means, and what to do."""

from internal_apps.evidence.compare import Verdict
from internal_apps.evidence.domain import Kind
from internal_apps.saying import Said, said


def sentence(text: str) -> str:
    """Mark a text for translation; the page translates it."""
    return text


HOURS = {
    "1": sentence("the last hour"),
    "24": sentence("the last day"),
    "168": sentence("the last week"),
    "744": sentence("the last month"),
}

VERDICTS = {
    Verdict.RECEIVED: sentence("received"),
    Verdict.DOUBLED: sentence("doubled"),
    Verdict.ARRIVED: sentence("arrived unconfirmed"),
    Verdict.ALTERED: sentence("altered"),
    Verdict.CORRECTED: sentence("corrected"),
    Verdict.IN_FLIGHT: sentence("in flight"),
    Verdict.QUARANTINED: sentence("quarantined"),
    Verdict.LOST: sentence("lost"),
    Verdict.ABSENT: sentence("never arrived"),
    Verdict.NOT_SENT: sentence("not sent"),
    Verdict.INJECTED: sentence("injected"),
    Verdict.AWAITED: sentence("awaiting its book"),
    Verdict.UNBOOKED: sentence("in no book"),
    Verdict.STOPPED: sentence("forged, stopped"),
}

WHAT_TO_DO = {
    Verdict.LOST: sentence(
        "The broker had confirmed these, and they are neither here nor in a queue. Have the "
        "agency repeat each with the same reference: nothing is done twice. Then ask operations "
        "who emptied a queue."
    ),
    Verdict.ALTERED: sentence(
        "These are not what their gateway sent. Call operations now: somebody can write on the "
        "outside broker."
    ),
    Verdict.INJECTED: sentence(
        "No gateway's book has these, though they were taken in. Call operations now: somebody "
        "has a gateway's keys. Look at what they did."
    ),
    Verdict.UNBOOKED: sentence(
        "Taken in long ago, and no gateway's book that is here names them. If their gateway is "
        "silent or its book broke off, see to that: once the book has come, this is over. Else "
        "call operations now: somebody may have a gateway's keys."
    ),
    Verdict.QUARANTINED: sentence(
        "A guard stopped these and kept them, with the reason. Decide about them in the "
        "quarantine."
    ),
    Verdict.STOPPED: sentence(
        "A guard stopped these, and no gateway had sent them. Nothing got in; tell operations."
    ),
    Verdict.CORRECTED: sentence("A guard had stopped these, and an operator brought them in."),
    Verdict.IN_FLIGHT: sentence(
        "Sent and on their way. Where they grow old, see whether the worker runs."
    ),
    Verdict.AWAITED: sentence(
        "Taken in; the page of the gateway's book that names them comes within seconds, unless "
        "that gateway is silent."
    ),
    Verdict.DOUBLED: sentence("These came more than once and were handled once. Nothing to do."),
    Verdict.ARRIVED: sentence(
        "The gateway did not hear that these arrived, but they did. Nothing to do."
    ),
    Verdict.ABSENT: sentence(
        "The gateway told the agency that it does not know, and they did not arrive. The agency "
        "repeats them; nothing to do."
    ),
}

_REWRITTEN = sentence(
    "This gateway's book says something else than before, or somebody sends pages in its name. "
    "Call operations now: treat that gateway as captured."
)
_GAP = sentence(
    "Pages of this gateway's book have not come. It sends each until it is acknowledged: have "
    "operations look for the file on its disk."
)
_UNSIGNED = sentence(
    "The gateway's own key did not sign this page, so it does not count. After a change of keys "
    "see that every machine has the same keyring; else treat that gateway as captured."
)

FINDINGS = {
    Kind.PAGE_MISSING.value: (sentence("pages are missing"), _GAP),
    Kind.PART_MISSING.value: (sentence("a part is missing"), _GAP),
    Kind.PAGE_OUT_OF_ORDER.value: (sentence("page out of order"), _REWRITTEN),
    Kind.PAGE_NOT_ITS_FOLLOWER.value: (sentence("page follows another"), _REWRITTEN),
    Kind.PAGE_REWRITTEN.value: (sentence("page rewritten"), _REWRITTEN),
    Kind.PAGE_AFTER_END.value: (sentence("page after the end"), _REWRITTEN),
    Kind.LINE_CHANGED.value: (sentence("line changed"), _REWRITTEN),
    Kind.LINE_FOREIGN.value: (sentence("line of another book"), _REWRITTEN),
    Kind.BOOK_BROKEN.value: (
        sentence("book changed on the disk"),
        sentence(
            "A line on this gateway's disk is not what it had written. Call operations: the "
            "changed file lies beside the book, and somebody was on that machine."
        ),
    ),
    Kind.BOOK_UNFINISHED.value: (
        sentence("book broke off"),
        sentence(
            "This gateway ended without sending its book to the end, and its next start has not "
            "brought the rest: what it sent after that time cannot be compared. Have operations "
            "look for the file on its disk and put it back into the folder of its books: it is "
            "taken in within seconds."
        ),
    ),
    Kind.SIGNATURE_WRONG.value: (sentence("signature wrong"), _UNSIGNED),
    Kind.UNSIGNED.value: (sentence("not signed"), _UNSIGNED),
}

# What is said more of one transmission, or of one page; see ``internal_apps.saying``.
_DETAILS = (
    sentence("its gateway's book has this transmission more than once"),
    sentence("had been stopped: %(reason)s"),
    sentence("arrived as %(request)s with %(digest)s, the bytes of %(owner)s"),
    sentence("arrived as %(request)s with %(digest)s"),
    sentence("was stopped as %(request)s with %(digest)s, the bytes of %(owner)s"),
    sentence("was stopped as %(request)s with %(digest)s"),
    sentence("its gateway never heard how it ended"),
    sentence("in the quarantine inside"),
    sentence("%(number)s times, handled once"),
    sentence("its gateway's book is here and has it not"),
    sentence("the page of its gateway's book that must name it has not come"),
    sentence("line %(number)s of the page: %(error)s"),
    sentence("a line on the gateway's disk was not what had been written"),
    sentence("the book had ended with page %(page)s"),
    sentence("pages %(first)s to %(last)s have not come"),
    sentence("page %(page)s was here before it"),
    sentence("page %(page)s is another here"),
    sentence("the book begins a second time"),
    sentence("the book does not begin with its own name"),
    sentence("nothing of part %(part)s has come"),
    sentence("part %(part)s has not come to its end"),
    sentence("the page is not signed"),
    sentence("%(owner)s signed another page"),
    sentence("the page came again and said something else"),
    sentence("no page after this one has come, though a later start of its gateway is heard"),
)


def detail(text: str) -> Said:
    """Return a detail taken apart; the reason of a guard, which is none of these, is as it was."""
    return said(text, _DETAILS)
