"""Feeds: many bookings in one document, which cross in parts."""
