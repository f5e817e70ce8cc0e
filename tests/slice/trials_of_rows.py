"""The trials, one for each row and kind."""

from functools import partial

from hub.parking import Place
from tests.slice import trials_inside as inside
from tests.slice import trials_outside as outside
from tests.slice.duty import UNREADABLE
from tests.slice.duty_gateway import VISIT, Gateway
from tests.slice.trials import Make, Trial

_OUTSIDE, _INSIDE, _PARKED = Place.OUTSIDE, Place.INSIDE, Place.PARKED


def _of(agency: str) -> Make:
    return partial(Gateway.booking, agency=agency)


TRIALS = (
    Trial(_OUTSIDE, "MalformedEnvelope", "headers are missing", outside.without_a_time),
    Trial(_OUTSIDE, "UnknownMessage", "of a newer Lupu", outside.to_an_older_hub),
    Trial(_OUTSIDE, "UnknownMessage", "it is forged", outside.of_no_type),
    Trial(_OUTSIDE, "InvalidBody", "larger than", outside.too_large),
    Trial(
        *(_OUTSIDE, "InvalidBody", "by the contract that the gateways have"),
        outside.to_older_contracts,
        outside.hub_is_upgraded,
    ),
    Trial(
        *(_OUTSIDE, "InvalidBody", "its agency says what was meant", outside.of_a_wrong_kind),
        corrects=(">EVERYBODY<", ">INDIVIDUAL<"),
    ),
    Trial(
        *(_OUTSIDE, "NotAllowed", "in the future", outside.to_a_hub_behind),
        outside.clock_is_right,
    ),
    Trial(_OUTSIDE, "NotAllowed", "any other words", outside.in_the_name_of_staff),
    Trial(
        *(_OUTSIDE, "UnknownAgent", "added a moment ago", outside.added_later),
        message=_of("2001"),
    ),
    Trial(
        *(_OUTSIDE, "UnknownAgent", "invents agents", outside.of_nobody),
        message=_of("2002"),
        again=None,
    ),
    Trial(
        *(_OUTSIDE, "AgentBlocked", "its agency should have it", outside.after_a_block),
        message=_of("2003"),
    ),
    Trial(
        *(_OUTSIDE, "AgentBlocked", "is to stay out", outside.after_a_block),
        message=_of("2004"),
        again=outside.unblocked,
    ),
    Trial(
        *(_OUTSIDE, "NotSigned", "no honest gateway sends that", outside.not_signed),
        message=_of("2006"),
        again=outside.signs_it,
    ),
    Trial(
        *(_OUTSIDE, "ProofWrong", "revoked since", outside.signed_with_what_was_revoked),
        message=_of("2007"),
        again=outside.signs_it_with_another,
    ),
    Trial(
        *(_OUTSIDE, "ProofWrong", "any other words", outside.signed_as_another),
        message=_of("2008"),
        again=outside.signs_it,
    ),
    Trial(
        *(_OUTSIDE, "TooMany", "its rate is too low", outside.too_many),
        message=_of("2009"),
    ),
    Trial(
        *(_OUTSIDE, "TooMany", "somebody floods", outside.too_many),
        message=_of("2010"),
        again=None,
    ),
    Trial(_OUTSIDE, "NotAuthentic", "altered, swapped or forged", outside.altered),
    Trial(
        *(_OUTSIDE, "KeyNotTrusted", "is known", outside.with_an_unknown_key),
        outside.newest_keyring,
    ),
    Trial(
        *(_OUTSIDE, "KeyNotTrusted", "not kept here", outside.to_a_key_that_is_gone),
        outside.keys_are_back,
    ),
    Trial(
        *(_OUTSIDE, "KeyNotTrusted", "was not good", outside.with_a_key_that_ended),
        outside.newest_keyring,
    ),
    Trial(
        *(_OUTSIDE, "KeyNotTrusted", "is revoked", outside.with_a_revoked_key),
        outside.newest_keyring,
    ),
    Trial(
        *(_OUTSIDE, "GuardBroken", "a mistake in Lupu", outside.to_a_broken_guard),
        outside.hub_is_upgraded,
    ),
    Trial(_OUTSIDE, "Other", "names no kind", outside.kept_by_hand),
    Trial(
        *(_INSIDE, "InvalidBody", "older than the hub", inside.to_an_older_worker),
        inside.worker_is_upgraded,
    ),
    Trial(_INSIDE, "UnknownMessage", "older than the hub", inside.of_a_newer_type),
    Trial(_INSIDE, "NotAllowed", "what it may not", inside.by_another_account),
    Trial(_INSIDE, "MalformedEnvelope", "what it may not", inside.without_headers),
    Trial(
        *(_INSIDE, "GuardBroken", "a mistake in Lupu", inside.to_a_broken_guard),
        inside.worker_is_upgraded,
    ),
    Trial(
        *(_INSIDE, "Unkept", "a mistake in Lupu", inside.to_a_worker_that_cannot_keep),
        inside.worker_is_upgraded,
    ),
    Trial(
        *(_PARKED, "KeyError", "did not mend", inside.to_a_mistake),
        inside.worker_is_upgraded,
    ),
    Trial(
        *(_PARKED, "InvalidBody", "its agency says what was meant", inside.on_no_day),
        corrects=(UNREADABLE, f"{VISIT}"),
        again=inside.sends_no_day_again,
    ),
    Trial(
        *(_PARKED, "InvalidBody", "does not want it", inside.on_no_day),
        again=inside.sends_no_day_again,
    ),
    Trial(
        *(_PARKED, "KeyNotTrusted", "is known", inside.signed_with_a_newer_key),
        inside.newest_keyring,
        Gateway.page,
    ),
    Trial(
        *(_PARKED, "KeyNotTrusted", "honest all the same", inside.signed_with_a_revoked_key),
        message=Gateway.page,
    ),
    Trial(
        *(_PARKED, "KeyNotTrusted", "nobody can say", inside.signed_with_a_revoked_key),
        message=Gateway.page,
    ),
    Trial(
        *(_PARKED, "NotAllowed", "not its sender's", inside.of_another_gateway),
        message=Gateway.page,
        again=inside.sends_that_again,
    ),
    Trial(
        *(_PARKED, "MalformedEnvelope", "a time that is none", inside.at_no_time),
        message=Gateway.page,
        again=inside.sends_no_time_again,
    ),
)
