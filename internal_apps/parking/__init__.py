"""Parking: what staff does with messages that are kept, parked inside or in a quarantine.

Looked at, foreseen, corrected with the approval of a second person, replayed, discarded; every
step in an audit trail that cannot be edited unnoticed. The command line and the pages of the
staff use the same ``Interventions``.
"""
