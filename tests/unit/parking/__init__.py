"""Parking: interventions on kept messages."""
