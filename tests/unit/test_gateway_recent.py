"""What a gateway remembers of requests."""

from dmz_gateway.agents.recent import Recent


def test_who_takes_back_its_own_try_leaves_anothers() -> None:
    """Of two at once the first is not sent, after the second was: the second may have arrived."""
    sent = Recent(10, 60.0)
    sent.add("A-1", b"", 1.0)
    sent.add("A-1", b"", 2.0)
    sent.forget("A-1", 1.0)
    assert sent.has("A-1", b"", 3.0)
    sent.forget("A-1", 2.0)
    assert not sent.has("A-1", b"", 3.0)


def test_only_the_newest_are_remembered_and_none_for_ever() -> None:
    """Bounded in number and in age."""
    sent = Recent(2, 60.0)
    for number in range(3):
        sent.add(f"A-{number}", b"", float(number))
    assert [sent.has(f"A-{number}", b"", 5.0) for number in range(3)] == [False, True, True]
    assert not sent.has("A-2", b"", 100.0)
