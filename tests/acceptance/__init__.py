"""Real processes, brokers and databases."""
