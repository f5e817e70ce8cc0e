"""Who is asking: by client certificate, by UsernameToken, by signature, or by several at once.

Several must name the same agent. Whatever fails, nobody learns whether the agent exists.
"""

from dataclasses import dataclass

from adapters.agents import Agent, Directory
from adapters.published import Snapshot
from adapters.soap.envelope import SoapRequest
from adapters.soap.signature import find_signature, verify_signature
from adapters.soap.wsse import (
    Replays,
    Security,
    Token,
    check_timestamp,
    check_token,
    read_security,
)
from dmz_gateway.agents import refusals
from dmz_gateway.agents.faults import Faulted
from hub.ports import Clock

SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An agent, and by what it was known: ``certificate``, ``certificate+digest`` ..."""

    agent: Agent
    kind: str


@dataclass(frozen=True, slots=True)
class _Claim:
    kind: str
    agent: Agent | None


class SignIn:
    """Checks against the agents that were last published."""

    def __init__(
        self,
        agents: Snapshot[Directory],
        replays: Replays,
        clock: Clock,
        *,
        window_seconds: float,
        age_seconds_max: float,
    ) -> None:
        """``age_seconds_max``: what is known of agents may not be older."""
        self._agents = agents
        self._replays = replays
        self._clock = clock
        self._window_seconds = window_seconds
        self._age_seconds_max = age_seconds_max

    def check(self, certificate: str, request: SoapRequest) -> SignedIn:
        """Return who asks; Faulted or SoapRefused if that is not beyond doubt.

        ``certificate`` is the fingerprint of the client certificate that HAProxy verified.
        """
        directory = self._directory()
        security = read_security(request.security)
        check_timestamp(security, self._clock.now(), self._window_seconds)
        claims: list[_Claim] = []
        if certificate:
            claims.append(_Claim("certificate", _active(directory.certified(certificate))))
        if security.token is not None:
            claims.append(self._by_token(directory, security))
        if security.signed:
            claims.append(self._by_signature(directory, request))
        return _agreed(claims)

    def plain(self, certificate: str, user: str, password: str) -> SignedIn:
        """Return who asks without SOAP: by certificate, by name and password, or by both."""
        directory = self._directory()
        claims: list[_Claim] = []
        if certificate:
            claims.append(_Claim("certificate", _active(directory.certified(certificate))))
        if user:
            agent = _active(directory.numbered(user))
            check_token(
                Token(user, password),
                None if agent is None else agent.credentials,
                now=self._clock.now(),
                replays=self._replays,
                window_seconds=self._window_seconds,
            )
            claims.append(_Claim("password", agent))
        return _agreed(claims)

    def _directory(self) -> Directory:
        edition, age_seconds = self._agents.edition, self._agents.age_seconds()
        if edition is None or age_seconds is None or age_seconds > self._age_seconds_max:
            raise Faulted(refusals.CREDENTIALS_STALE)
        return edition.content

    def _by_token(self, directory: Directory, security: Security) -> _Claim:
        token = security.token
        if token is None:
            return _Claim("password", None)
        agent = _active(directory.numbered(token.user))
        kind = check_token(
            token,
            None if agent is None else agent.credentials,
            now=self._clock.now(),
            replays=self._replays,
            window_seconds=self._window_seconds,
        )
        return _Claim(kind, agent)

    def _by_signature(self, directory: Directory, request: SoapRequest) -> _Claim:
        signature = find_signature(request)
        agent = _active(directory.signing(signature.fingerprint))
        verify_signature(
            request,
            signature,
            sha1_allowed=agent is not None and agent.sha1_allowed,
            now=self._clock.now(),
        )
        user = f"signature {signature.fingerprint}"
        if agent is not None and not self._replays.first(
            user, signature.digest, signature.created
        ):
            raise Faulted(refusals.SIGN_IN_REPLAYED)
        return _Claim(SIGNATURE, agent)


def _active(agent: Agent | None) -> Agent | None:
    return agent if agent is not None and agent.active else None


def _agreed(claims: list[_Claim]) -> SignedIn:
    agents = {None if claim.agent is None else claim.agent.number for claim in claims}
    first = claims[0].agent if claims else None
    if first is None or agents != {first.number}:
        raise Faulted(refusals.SIGN_IN_FAILED)
    return SignedIn(first, "+".join(claim.kind for claim in claims))
