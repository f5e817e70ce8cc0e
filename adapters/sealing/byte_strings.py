"""CBOR byte strings (RFC 8949), the only thing that is read before a signature is checked.

In their shortest form alone, so that the same content is always the same bytes.
"""

from hub.errors import NotAuthentic

_SHORT, _ONE, _TWO, _FOUR = 0x40, 0x58, 0x59, 0x5A
_SHORT_MAX, _ONE_MAX, _TWO_MAX = 23, 0xFF, 0xFFFF
_ANOTHER_FORM = "It is neither sealed nor signed as Lupu does."
_SIZES = {_ONE: 1, _TWO: 2, _FOUR: 4}


def byte_string_head(count: int) -> bytes:
    """Return the head of a byte string, in its shortest form (RFC 8949 section 4.2.1)."""
    if count <= _SHORT_MAX:
        return bytes((_SHORT + count,))
    if count <= _ONE_MAX:
        return bytes((_ONE, count))
    if count <= _TWO_MAX:
        return bytes((_TWO,)) + count.to_bytes(2, "big")
    return bytes((_FOUR,)) + count.to_bytes(4, "big")


def byte_string_at(data: bytes, start: int) -> tuple[bytes, int]:
    """Return the byte string that begins at ``start`` and where it ends; NotAuthentic if none."""
    head = data[start] if start + 2 < len(data) else 0
    if head == _TWO:  # nearly always: said first, for it is asked of every message
        count, begin = data[start + 1] << 8 | data[start + 2], start + 3
        end = begin + count
        if count > _ONE_MAX and end <= len(data):
            return data[begin:end], end
        raise NotAuthentic(_ANOTHER_FORM)
    size = _SIZES.get(head, 0)
    begin = start + 1 + size
    if size:
        count = int.from_bytes(data[start + 1 : begin], "big")
    elif _SHORT <= head <= _SHORT + _SHORT_MAX:
        count = head - _SHORT
    else:
        raise NotAuthentic(_ANOTHER_FORM)
    end = begin + count
    if data[start:begin] != byte_string_head(count) or end > len(data):
        raise NotAuthentic(_ANOTHER_FORM)
    return data[begin:end], end
