"""The brokers in memory: for the fastest tests and for a first look; it proves nothing.

Really serialises: a message is bytes while it lies in a queue. Follows RabbitMQ where it
matters: mandatory returns, the verified account, redelivery of what was not acknowledged,
exclusive queues that go with their consumer, streams that hand the last document to whoever
comes late.
"""
