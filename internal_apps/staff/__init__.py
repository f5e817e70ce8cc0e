"""The staff's web: sign-in, accounts, sessions, menu and layout around the capabilities' pages.

Knows no capability: ``__main__`` hands it their blueprints and menu entries.
"""
