"""The mechanics of the bridge: what crosses, how it is checked, moved and handled once.

Standard library only, but for ``__main__``; imports none of the other packages.
"""
