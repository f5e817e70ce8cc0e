"""One story through several parts in one process."""
