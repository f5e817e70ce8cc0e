"""The migrations of evidence, oldest first."""
