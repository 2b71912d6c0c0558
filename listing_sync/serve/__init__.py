"""The door: answers over HTTP who asks for a run, its progress or its end, and shows the page.

It starts the same commands as processes of their own, and decides nothing about listings.
"""
