"""Rules: runs become totals, a verdict, alerts, and the story of a listing.

Never logs, reads a clock, sleeps, draws chance or opens anything.
"""
