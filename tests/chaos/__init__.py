"""The real system under constant load while faults are thrown at random times."""
