"""The brokers' configuration and definitions, made from the map of messages."""
