"""Ticketing: what is on sale, bookings with holds and versions, agents and what is published."""
