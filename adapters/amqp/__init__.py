"""RabbitMQ through pika: one thread owns a loop, a loop owns its connections.

A connection either publishes or consumes, never both: under a broker's memory alarm one that
does both moves its prefetch and then stops for ever.
"""
