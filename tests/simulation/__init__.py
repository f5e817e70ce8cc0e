"""A simulator that tries to break the bridge: the real code, under one seeded scheduler.

``world`` owns time, order and chance. ``brokers`` and ``links`` are RabbitMQ as far as it matters,
on the brokers in memory; ``processes`` puts the real hub, workers and gateways on them. ``chaos``
does what may happen, ``agents`` ask and ``attacker`` forges. ``model`` predicts every outcome and
``judge`` compares, once all is healed and at rest. ``bugs`` are planted, to measure what it finds.
"""
