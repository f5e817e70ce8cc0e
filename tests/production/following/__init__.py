"""A running system that is followed message by message, and watched."""
