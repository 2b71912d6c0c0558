"""Out: reads and writes the table and the run records over PostgREST.

Turns its failures into errors.py; never decides or retries by itself.
"""
