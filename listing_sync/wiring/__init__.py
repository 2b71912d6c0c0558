"""Wiring: settings become the real things, room by room, each when first asked for.

The only place that builds; it decides nothing later.
"""
