"""Patience: rate limit, breaker and retries around one call.

Only the guard waits, and only through the clock it was given.
"""
