"""Ticketing by itself."""
