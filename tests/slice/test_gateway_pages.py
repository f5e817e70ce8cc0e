"""The pages of a gateway's book beside what agencies ask of it."""

import threading
from pathlib import Path

from tests.contract.transports import until
from tests.slice.gateway_requests import envelope, place_booking
from tests.slice.gateway_world import gateway
from tests.unit.evidence.books import taken


def test_pages_of_the_book_need_no_seat_of_the_agencies(tmp_path: Path) -> None:
    """A rush in which every seat is taken leaves no gateway silent."""
    with gateway(tmp_path, waiting_max=1, reply_wait_seconds=3.0) as world:
        world.inside = lambda message: taken(message) if message.type == "BookPage.1" else None
        thread = threading.Thread(target=world.post, args=(envelope(place_booking()),))
        thread.start()
        assert until(lambda: world.requester.waiting() == 1)
        world.served.pages.turn()
        assert world.metrics.counts["lupu_book_pages_total"] == 1
        thread.join()
