"""Ticketing's line of migrations."""
