"""The migrations of parking, oldest first."""
