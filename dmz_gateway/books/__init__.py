"""The gateway's books: every request is written down before it is sent, and how that ended.

``book`` writes, in groups; ``files`` keeps the files and finds those of processes that died;
``pages`` sends what was written inward, on a schedule, until it is acknowledged.
"""
