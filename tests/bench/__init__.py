"""How fast and how small: the program beside the bare minimum, on a stack of its own.

Every measured process is started by launch.py and talks to servers in processes of their own.
"""
