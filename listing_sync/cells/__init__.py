"""Rules: a cell's text becomes a value, or the reason why there is none.

Never logs, reads a clock, sleeps, draws chance or opens anything.
"""
