"""Incidents staged on the local stack, and what an operator who sees only the output is told."""
