"""In: reads listings from Google Sheets or a local file.

Turns its failures into errors.py; never decides or retries by itself.
"""
