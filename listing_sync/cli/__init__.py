"""Face: parses, calls one command, renders its result.

Holds no rule and does no I/O of its own.
"""
