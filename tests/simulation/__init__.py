"""A simulator that tries to break the bridge: the real code, under one seeded scheduler.

``world`` owns time, order and chance. ``broker`` and ``links`` are RabbitMQ as far as it matters,
on the brokers in memory; ``database`` is the inbox in memory, with the staff's and evidence's
tables in SQLite beside it. ``processes``, ``workers`` and ``operators`` put the real hub, gateway,
workers and interventions on them. ``chaos`` does what may happen, ``agents`` ask, ``attacker``
forges. ``model`` predicts every outcome; ``judge``, with ``tellings``, ``desk``, ``verified`` and
``editions``, compares, once all is healed and at rest; ``rehearsal`` holds previews against what
the replays then do. ``bugs_...`` are planted, to measure what it finds.
"""
