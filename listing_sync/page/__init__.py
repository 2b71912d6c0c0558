"""Face: the office's page, a result in, HTML that stands alone out.

Holds no rule and does no I/O of its own.
"""
