"""Who may do what: the whole table in one place.

::

                      clerk  supervisor  administrator  operator  auditor
    bookings.see        x        x                                   x
    bookings.place      x        x
    bookings.change     x        x
    bookings.confirm    x        x
    bookings.cancel     x        x
    kept.see                                               x         x
    kept.act                                               x
    evidence.see                 x             x           x         x
    messages.follow     x        x                         x         x
    accounts.see                 x             x           x         x
    sessions.end                 x             x
    signins.see                                x                     x
    own.account         x        x             x           x         x

An administrator looks after people and sees no bookings; an operator looks after messages that
are kept, and sees who could approve; an auditor sees all and changes nothing. Accounts
themselves are made and changed by command only.
"""

import enum

from internal_apps.staff.languages import sentence


class Role(enum.StrEnum):
    """What a member of staff is."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Permission(enum.StrEnum):
    """What a page asks for before it is shown or does anything."""

    BOOKINGS_SEE = "bookings.see"
    BOOKINGS_PLACE = "bookings.place"
    BOOKINGS_CHANGE = "bookings.change"
    BOOKINGS_CONFIRM = "bookings.confirm"
    BOOKINGS_CANCEL = "bookings.cancel"
    KEPT_SEE = "kept.see"
    KEPT_ACT = "kept.act"
    EVIDENCE_SEE = "evidence.see"
    MESSAGES_FOLLOW = "messages.follow"
    ACCOUNTS_SEE = "accounts.see"
    SESSIONS_END = "sessions.end"
    SIGN_INS_SEE = "signins.see"
    OWN_ACCOUNT = "own.account"


WORDS = {
    Role.CLERK: sentence("clerk"),
    Role.SUPERVISOR: sentence("supervisor"),
    Role.ADMINISTRATOR: sentence("administrator"),
    Role.OPERATOR: sentence("operator"),
    Role.AUDITOR: sentence("auditor"),
    Permission.BOOKINGS_SEE: sentence("See bookings"),
    Permission.BOOKINGS_PLACE: sentence("Book"),
    Permission.BOOKINGS_CHANGE: sentence("Change bookings"),
    Permission.BOOKINGS_CONFIRM: sentence("Confirm bookings"),
    Permission.BOOKINGS_CANCEL: sentence("Cancel bookings"),
    Permission.KEPT_SEE: sentence("See messages that are kept, and the audit trail"),
    Permission.KEPT_ACT: sentence("Correct, replay and discard kept messages; stop traffic"),
    Permission.EVIDENCE_SEE: sentence("See whether anything was lost"),
    Permission.MESSAGES_FOLLOW: sentence("Follow a message from its agency to its booking"),
    Permission.ACCOUNTS_SEE: sentence("See accounts and who is signed in"),
    Permission.SESSIONS_END: sentence("Sign others out"),
    Permission.SIGN_INS_SEE: sentence("See the sign-ins"),
    Permission.OWN_ACCOUNT: sentence("Change the own password"),
}

_BOOKING = frozenset(permission for permission in Permission if permission.startswith("bookings."))

MAY: dict[Role, frozenset[Permission]] = {
    Role.CLERK: _BOOKING | {Permission.MESSAGES_FOLLOW, Permission.OWN_ACCOUNT},
    Role.SUPERVISOR: _BOOKING
    | {
        Permission.EVIDENCE_SEE,
        Permission.MESSAGES_FOLLOW,
        Permission.ACCOUNTS_SEE,
        Permission.SESSIONS_END,
        Permission.OWN_ACCOUNT,
    },
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.EVIDENCE_SEE,
            Permission.ACCOUNTS_SEE,
            Permission.SESSIONS_END,
            Permission.SIGN_INS_SEE,
            Permission.OWN_ACCOUNT,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            Permission.KEPT_SEE,
            Permission.KEPT_ACT,
            Permission.EVIDENCE_SEE,
            Permission.MESSAGES_FOLLOW,
            Permission.ACCOUNTS_SEE,
            Permission.OWN_ACCOUNT,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.BOOKINGS_SEE,
            Permission.KEPT_SEE,
            Permission.EVIDENCE_SEE,
            Permission.MESSAGES_FOLLOW,
            Permission.ACCOUNTS_SEE,
            Permission.SIGN_INS_SEE,
            Permission.OWN_ACCOUNT,
        }
    ),
}
