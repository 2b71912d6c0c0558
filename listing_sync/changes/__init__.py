"""Rules: a listing and its row in the table become a plan, batches, and the way back.

Never logs, reads a clock, sleeps, draws chance or opens anything.
"""
