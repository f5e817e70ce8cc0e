"""What a hub says of agents' messages: known, not blocked, not too many, and their own.

The gateway has checked all of this. One that was broken into checks nothing: so the hub asks
again, by what the inside itself has published.
"""

from datetime import UTC, datetime, timedelta

from adapters.agents import Agent, Directory, read_agents
from adapters.published import Edition, Feed, Snapshot, listen
from adapters.soap.proof import Proof, read_proof
from adapters.xml import Schemas, XmlRefused
from hub.envelope import Message
from hub.errors import (
    AgentBlocked,
    AgentsNotKnown,
    AgentsOlder,
    LupuError,
    NeverWorks,
    NotSigned,
    ProofWrong,
    TooMany,
    UnknownAgent,
)
from hub.messages import TICKETING, Lane, MessageType, message_type, published_stream
from hub.ports import Clock, Metrics
from hub.rates import AcceptedRates

# A gateway learns a moment later of a block or of what has ended, and clocks differ.
GRACE = timedelta(seconds=300)
# What an agent's clock may be off, and a signed request may take to the gateway.
PROOF_AGE_MAX = timedelta(seconds=900)
SIGNATURE = "signature"
AGENTS = message_type("Agents.1")
GET_OUTCOME = "GetOutcome"
_REFERENCE = f"{{{TICKETING}}}RequestReference"


class KnownAgents:
    """Implements ``hub.ports.Agents``."""

    def __init__(
        self,
        agents: Snapshot[Directory],
        schemas: Schemas,
        metrics: Metrics,
        *,
        rates: AcceptedRates,
    ) -> None:
        self._agents = agents
        self._schemas = schemas
        self._metrics = metrics
        self._rates = rates

    def admit(self, message: Message, now: datetime) -> None:
        """Let an agent's message through; see ``hub.ports.Agents``."""
        edition = self._newest()
        try:
            agent = _let_in(edition.content, message)
        except NeverWorks as refusal:
            raise _for_now(refusal, edition, message) from None
        # With its id, for who has a gateway can give many requests one number. The hash of texts
        # has a secret of this process, so nobody makes two alike.
        sent = hash((message.transmission, message.id))
        rate, at = agent.requests_per_second_max, message.accepted_at.timestamp()
        if not self._rates.take(agent.number, rate, sent, at, now.timestamp()):
            self._metrics.count("lupu_guard_too_many_total", agent=agent.number)
            raise TooMany(f"Agent {agent.number} may not send so many.")

    def prove(self, message: Message, row: MessageType) -> None:
        """Check the proof; see ``hub.ports.Agents``."""
        self._check_proof(message, row)
        self._metrics.count("lupu_guard_proofs_total")

    def known(self) -> bool:
        """Return whether an edition has come."""
        return self._agents.edition is not None

    def measure(self) -> None:
        """Set the gauge of the edition's age."""
        self._agents.measure()

    def _newest(self) -> Edition[Directory]:
        edition = self._agents.edition
        if edition is None:
            raise AgentsNotKnown("the agents are not known yet")
        return edition

    def _check_proof(self, message: Message, row: MessageType) -> None:
        proof, edition = read_proof(message.proof), self._newest()
        try:
            agent = _let_in(edition.content, message)
            _check_signer(proof.fingerprint, agent, message)
        except NeverWorks as refusal:
            raise _for_now(refusal, edition, message) from None
        _check_fresh(proof, message, row)
        proof.verify(message.accepted_at, sha1_allowed=agent.sha1_allowed)
        if row.name != GET_OUTCOME:
            self._check_same(proof, message, row)
        if row.once or row.name == GET_OUTCOME:
            _check_names(proof, message)

    def _check_same(self, proof: Proof, message: Message, row: MessageType) -> None:
        if proof.element.tag != row.element:
            raise ProofWrong("What was signed is another kind of request.")
        try:
            self._schemas.validate(proof.element)
            document = proof.document()
            same = document == message.body or (
                self._schemas.digest(row.element, document)
                == self._schemas.digest(row.element, message.body)
            )
        except XmlRefused:
            raise ProofWrong("What was signed breaks its contract.") from None
        if not same:
            raise ProofWrong("What was signed has other values than the message.")


def agents_snapshot(schemas: Schemas, clock: Clock, metrics: Metrics) -> Snapshot[Directory]:
    """Return the agents as they are published, kept in memory alone."""

    def read(body: bytes) -> Edition[Directory]:
        return read_agents(schemas.values(schemas.read(AGENTS.element, body)))

    return Snapshot(AGENTS, None, read=read, clock=clock, metrics=metrics)


def known_agents(
    feed: Feed, schemas: Schemas, clock: Clock, metrics: Metrics, *, rates: AcceptedRates
) -> KnownAgents:
    """Return the agents as ``feed``, the inside broker, publishes them from now on."""
    snapshot = agents_snapshot(schemas, clock, metrics)
    listen(feed, published_stream(AGENTS), snapshot.deliver)
    snapshot.start_thread()
    return KnownAgents(snapshot, schemas, metrics, rates=rates)


def _for_now(refusal: NeverWorks, edition: Edition[Directory], message: Message) -> LupuError:
    return refusal if edition.published_at >= message.accepted_at else AgentsOlder(refusal)


def _let_in(directory: Directory, message: Message) -> Agent:
    agent = directory.numbered(message.id.sender.partition(":")[2])
    if agent is None:
        raise UnknownAgent("No agent of this number is published.")
    if not agent.active:
        _check_accepted_before(agent, message)
    if not message.proof:
        _check_may_be_unsigned(agent, message)
    return agent


def _check_accepted_before(agent: Agent, message: Message) -> None:
    # What was accepted before is still carried out.
    blocked_at = agent.blocked_at
    if blocked_at is None or _is_after(message.accepted_at, blocked_at):
        raise AgentBlocked(f"Agent {agent.number} was blocked before this was accepted.")


def _check_may_be_unsigned(agent: Agent, message: Message) -> None:
    if SIGNATURE in message.sign_in:
        raise NotSigned("The gateway says it was signed, and does not bring what was.")
    if _is_after(message.accepted_at, agent.unsigned_until):
        raise NotSigned("Nothing but a signature lets its agent in, and this is not signed.")


def _check_signer(fingerprint: str, agent: Agent, message: Message) -> None:
    if fingerprint in agent.signatures:
        return
    # Taken away since: what was accepted before is still carried out.
    ended_at = agent.ended_signatures.get(fingerprint)
    if ended_at is None or _is_after(message.accepted_at, ended_at):
        raise ProofWrong("It was signed with a certificate that is not this agent's.")


def _is_after(accepted_at: datetime, end: datetime) -> bool:
    return accepted_at > end and accepted_at > end + GRACE


def _check_fresh(proof: Proof, message: Message, row: MessageType) -> None:
    # A request counts once. A question does not: signed once, it may not be asked for ever.
    signed_at, until = proof.created_at(), message.accepted_at
    if row.lane is Lane.QUERIES:
        until = max(until, message.expires_at or datetime.max.replace(tzinfo=UTC))
    if message.accepted_at < signed_at - PROOF_AGE_MAX or until > signed_at + PROOF_AGE_MAX:
        raise ProofWrong("It was not signed at the time at which it was accepted.")


def _check_names(proof: Proof, message: Message) -> None:
    # Of GetOutcome too: its proof is the request that was repeated, whose outcome it asks for.
    reference = " ".join((proof.element.findtext(_REFERENCE) or "").split())
    if (proof.operation, reference) != (message.id.operation, message.id.reference):
        raise ProofWrong("What was signed is not the request that the message's id names.")
