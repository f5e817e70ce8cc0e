"""Booking references that can be read aloud: ``K7M2-PX9R-TA4Y``.

No letter or digit that is taken for another (0 O D Q, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V); the
last character is a check: any one character misheard, or two neighbours swapped, is noticed.
"""

import secrets

# 23 characters: a prime, so that the weighted sum finds every slip of one character.
ALPHABET = "3479ACEFHJKMNPRTWXY2568"
LENGTH = 12
GROUP = 4

_COUNT = len(ALPHABET) ** (LENGTH - 1)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SEPARATORS = str.maketrans("", "", "- \u2010\u2011\u2013\u3000")


def new_reference() -> str:
    """Return a reference that nobody can guess."""
    number, characters = secrets.randbelow(_COUNT), []
    for _ in range(LENGTH - 1):
        number, value = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[value])
    body = "".join(characters)
    return grouped(body + _check(body))


def grouped(reference: str) -> str:
    """Return the characters in groups of four."""
    return "-".join(reference[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def normal(text: str) -> str | None:
    """Return a reference as we write it, or None where it cannot be one of ours."""
    plain = text.translate(_SEPARATORS).upper()
    if len(plain) != LENGTH or not set(plain) <= set(ALPHABET):
        return None
    return grouped(plain) if _check(plain[:-1]) == plain[-1] else None


def _check(body: str) -> str:
    total = sum(weight * _VALUES[character] for weight, character in enumerate(body, start=2))
    return ALPHABET[-total % len(ALPHABET)]
