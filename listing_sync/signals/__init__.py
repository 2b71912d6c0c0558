"""Signals: heartbeat, webhook and metrics file.

A failed signal never fails a good run.
"""
