"""Order: the steps of each command, top to bottom.

Calls ports and core; never prints, exits, builds a client or holds a rule.
"""
