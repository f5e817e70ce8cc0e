"""Mistakes in gateway and hub, to be found by the simulator."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

from adapters.memory.broker import MemoryBroker
from adapters.memory.sealing import MemoryKeys
from dmz_gateway.agents.forwarding import Forwarding
from dmz_gateway.books.book import NotWritten
from dmz_gateway.replies import Asked, Replies
from hub import guard
from hub.channel import Channel
from hub.envelope import CROSSED
from hub.flow import Flow
from hub.guard import Admission, Checked
from hub.keeping import Keeping
from hub.messages import COMMON, ONCE, Lane
from hub.ports import Delivery, Published
from tests.simulation import processes
from tests.simulation.planting import bug

Right = Callable[..., Any]


@bug(Channel, "_deliver", seed=13)
def _the_channel_acknowledges_before_the_confirm(right: Right) -> Right:
    def wrong(self: Any, delivery: Delivery) -> None:
        self._subscription.acknowledge(delivery.tag)
        right(self, delivery)

    return wrong


@bug(Channel, "_published", seed=81)
def _the_channel_acknowledges_all_up_to_what_is_confirmed(right: Right) -> Right:
    def wrong(self: Any, tag: int, to: Any, outcome: Published) -> None:
        if outcome is Published.CONFIRMED:
            self._subscription.acknowledge(tag, up_to=True)
        right(self, tag, to, outcome)

    return wrong


@bug(Channel, "_published", seed=12)
def _the_channel_drops_what_a_full_queue_refuses(right: Right) -> Right:
    def wrong(self: Any, tag: int, to: Any, outcome: Published) -> None:
        refused = outcome is Published.REFUSED
        right(self, tag, to, Published.CONFIRMED if refused else outcome)

    return wrong


@bug(MemoryBroker, "route", seed=20)
def _published_without_mandatory(right: Right) -> Right:
    def wrong(self: Any, *given: Any) -> Published:
        outcome = right(self, *given)
        return Published.CONFIRMED if outcome is Published.RETURNED else outcome

    return wrong


@bug(Flow, "not_taken", seed=6)
def _what_is_not_taken_is_forgotten_and_not_given_back(_right: Right) -> Right:
    def wrong(self: Any, tag: int, _place: str, _why: str) -> None:
        self.under_way.pop(tag, None)

    return wrong


@bug(Channel, "_deliver", seed=200)
def _the_sender_is_not_checked_on_redelivery(right: Right) -> Right:
    def wrong(self: Any, delivery: Delivery) -> None:
        admission = self._guard._admission
        if delivery.redelivered:
            self._guard._admission = None
        right(self, delivery)
        self._guard._admission = admission

    return wrong


@bug(Admission, "check", seed=3)
def _the_account_is_not_checked(_right: Right) -> Right:
    return lambda *_: None


@bug(guard, "_check_sealer", seed=0)
def _whoever_has_a_key_may_seal_for_another(_right: Right) -> Right:
    return lambda *_: None


@bug(MemoryKeys, "mac", seed=18)
def _the_seal_binds_nothing(_right: Right) -> Right:
    return lambda *_: bytes(32)


@bug(Keeping, "_offer", seed=12)
def _the_quarantine_is_acknowledged_before_it_keeps(right: Right) -> Right:
    def wrong(self: Any, refused: Any) -> None:
        self._kept(refused.delivery, refused.reason)
        right(self, refused)

    return wrong


@bug(Forwarding, "_read", seed=10)
def _unknown_is_told_as_not_accepted(right: Right) -> Right:
    def wrong(self: Any, request: Any, asked: Asked, *more: Any, **named: Any) -> Any:
        if asked.published is Published.UNKNOWN:
            asked = replace(asked, published=Published.NOT_SENT)
        return right(self, request, asked, *more, **named)

    return wrong


@bug(Forwarding, "_send", seed=11)
def _what_may_have_arrived_is_not_remembered(right: Right) -> Right:
    def wrong(self: Any, *given: Any) -> Asked:
        self._sent._entries.clear()
        asked: Asked = right(self, *given)
        return asked

    return wrong


@bug(Forwarding, "_question", seed=1)
def _a_repeat_is_asked_about_without_its_values(_right: Right) -> Right:
    return lambda *_: f'<GetOutcome xmlns="{COMMON}"/>'.encode()


@bug(processes, "new_boot", seed=0)
def _sequences_are_used_again_after_a_restart(_right: Right) -> Right:
    return lambda _world: "b00t"


@bug(Replies, "_send", seed=3)
def _the_book_is_written_after_publishing(_right: Right) -> Right:
    def wrong(self: Any, to: Any, wire: Any, message: Any, lane: Lane) -> Published:
        published: Published = self._requests.send(to, wire)
        if lane in ONCE:
            with suppress(NotWritten):
                self._books.ahead(message, wire)(published)
        return published

    return wrong


@bug(Replies, "_send", seed=19)
def _the_book_says_confirmed_before_the_confirm(_right: Right) -> Right:
    def wrong(self: Any, to: Any, wire: Any, message: Any, lane: Lane) -> Published:
        if lane in ONCE:
            try:
                self._books.ahead(message, wire)(Published.CONFIRMED)
            except NotWritten:
                return Published.NOT_SENT
        published: Published = self._requests.send(to, wire)
        return published

    return wrong


@bug(Replies, "_send", seed=7)
def _what_the_book_does_not_take_is_sent_all_the_same(right: Right) -> Right:
    def wrong(self: Any, to: Any, wire: Any, message: Any, lane: Lane) -> Published:
        published: Published = right(self, to, wire, message, lane)
        if published is Published.NOT_SENT and self._requests.ready():
            published = self._requests.send(to, wire)
        return published

    return wrong


@bug(Channel, "_onward", seed=1)
def _the_plain_bytes_are_witnessed_and_not_the_sealed(right: Right) -> Right:
    def wrong(self: Any, wire: Any, checked: Checked) -> Any:
        sent = right(self, wire, checked)
        if CROSSED not in sent.headers:
            return sent
        digest = sha256(checked.wire.body).hexdigest()
        return sent._replace(headers={**sent.headers, CROSSED: digest})

    return wrong
