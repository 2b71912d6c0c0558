"""Machine: lock, journal, breaker state, undo and snapshots on this disk.

Turns its failures into errors.py; never decides.
"""
