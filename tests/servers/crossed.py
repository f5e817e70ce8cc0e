"""The queue of each broker that every request for ticketing crosses."""

from hub.messages import Lane, inside_queue, outside_queue

CROSSED = {
    "outside": outside_queue(Lane.REQUESTS),
    "inside": inside_queue("ticketing", Lane.REQUESTS),
}
