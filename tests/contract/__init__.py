"""One suite a port, on the fake and on the real thing."""
