"""A whole local environment as private processes on loopback, for the demo and the tests."""
