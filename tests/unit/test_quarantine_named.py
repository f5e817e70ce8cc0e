"""What lies in a quarantine has an id of its own, and a stranger's text is shown harmlessly."""

from tests.contract.shelves import INVALID, in_memory, wire


def test_two_that_differ_in_their_bytes_alone_have_two_ids() -> None:
    """Whoever acts on the one that was looked at acts on no other."""
    world = in_memory()
    for body in (b"<a/>", b"<b/>"):
        world.quarantine.keep(wire("A-1", body=body), INVALID, lambda _: None)
    first, second = world.listed()
    assert first.id != second.id
    for kept, body in ((first, b"<a/>"), (second, b"<b/>")):
        shown = world.shelf.show(kept.id)
        assert shown is not None
        assert shown.wire is not None
        assert shown.wire.body == body


def test_what_moves_a_terminal_is_not_shown() -> None:
    """Neither type nor reason nor account writes elsewhere than in its place."""
    world = in_memory()
    odd = wire("A-1")._replace(type="a\x1b[2Jb", user_id="gate\u202eway")
    world.quarantine.keep(odd, "InvalidBody: no\x07", lambda _: None)
    (kept,) = world.listed()
    assert (kept.type, kept.account) == ("a?[2Jb", "gate?way")
    assert kept.reason.sentence == "no?"
