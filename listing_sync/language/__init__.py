"""The language of the office: every sentence for people is looked up in its catalogue.

Law: a lookup is a function of catalogue and sentence; the catalogue is chosen once, at the start.
"""
