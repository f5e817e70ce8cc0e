"""The bridge as it stands in production, on networks, brokers and processes of its own.

``make production`` runs these; ``make test`` does not.
"""
