"""What the frames of a message are made of; ``writing`` and ``reading`` do it in one go.

pika builds and takes apart each frame as objects of its own, a third of what a message cost
the hub; and its reader follows nested header tables as deep as a stranger nests them.
"""

import struct

METHOD, HEADER, BODY = 1, 2, 3
END = 0xCE
HEAD_BYTES = 7
FRAME_BYTES = HEAD_BYTES + 1
CONTENT_TYPE = "application/xml"
TRANSIENT, PERSISTENT = 1, 2

HEAD = struct.Struct(">BHI")
# Class, weight, size of the body, and the flags of the properties that follow.
CONTENT = struct.Struct(">HHQH")
LONG = struct.Struct(">I")

# In the order of their flags, the highest bit first; a number stands for what Lupu does not
# use, and is its size.
PROPERTIES: tuple[str | int, ...] = (
    *("content_type", "content_encoding", "headers", "delivery_mode", 1, "correlation_id"),
    *("reply_to", "expiration", "message_id", 8, "type", "user_id", "app_id", "cluster_id"),
)
FLAGS = {name: 1 << (15 - place) for place, name in enumerate(PROPERTIES)}
