"""One part at a time, no network."""
