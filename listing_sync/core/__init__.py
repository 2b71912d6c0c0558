"""Rules: everything that is decided, computed from arguments alone.

Never logs, reads a clock, sleeps, draws chance or opens anything.
"""
