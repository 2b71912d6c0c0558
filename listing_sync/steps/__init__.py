"""Order: what several commands do, a step a module.

Calls ports and rules; never prints, exits, builds a client or knows a SQLSTATE.
"""
