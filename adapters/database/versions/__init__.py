"""The migrations of the bridge's own tables, oldest first."""
