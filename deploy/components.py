"""The components of an installation, by name; the name is the broker account too."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from adapters.sealing.keys import Use
from hub.errors import SettingsError
from hub.messages import applications
from hub.places import GATEWAY, HUB, OPERATOR, STAFF

# Any hub may take any message, so what is sealed to them is sealed to one key that they share.
# That of the operators, for whoever looks into the outside quarantine, need not be made.
SHARED_KEYS = (HUB, OPERATOR)
_READS = (GATEWAY,)


@dataclass(frozen=True, slots=True)
class Components:
    """Names such as ``gateway-1``: the part before the last dash says what it is.

    ``workers`` carry the name of their application: ``ticketing-1``.
    """

    gateways: tuple[str, ...]
    hubs: tuple[str, ...]
    workers: tuple[str, ...]
    staff: tuple[str, ...]
    operators: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Sort names by what they are; SettingsError where a name says nothing known."""
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(kind(name), []).append(name)
        workers = [name for app in applications() for name in found.get(app, [])]
        return cls(
            tuple(found.get(GATEWAY, ())),
            tuple(found.get(HUB, ())),
            tuple(workers),
            tuple(found.get(STAFF, ())),
            tuple(found.get(OPERATOR, ())),
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """Those with an account on the outside broker."""
        return (*self.gateways, *self.hubs, *self.operators)

    @property
    def inside(self) -> tuple[str, ...]:
        """Those with an account on the inside broker."""
        return (*self.hubs, *self.workers, *self.staff, *self.operators)

    @property
    def key_owners(self) -> tuple[str, ...]:
        """Whoever has keys to seal and sign with."""
        names = (*self.gateways, *self.hubs, *self.workers, *self.staff, *self.operators)
        shared = ((HUB, self.hubs), (OPERATOR, self.operators))
        return (*names, *(kind for kind, members in shared if members))


def key_uses(owner: str) -> tuple[Use, ...]:
    """Return what the keys of ``owner`` are for; SettingsError where it is no component."""
    if owner in SHARED_KEYS:
        return (Use.OPEN,)
    return (Use.SIGN, Use.OPEN) if kind(owner) in _READS else (Use.SIGN,)


def kind(name: str) -> str:
    """Return what a component is: ``gateway-1`` is a gateway."""
    found, dash, _ = name.rpartition("-")
    if not dash or found not in {GATEWAY, HUB, STAFF, OPERATOR, *applications()}:
        raise SettingsError(
            f"'{name}' is no component: write gateway-1, hub-1, staff-1, operator-1 "
            f"or an application's name and a number ({', '.join(applications())})."
        )
    return found
