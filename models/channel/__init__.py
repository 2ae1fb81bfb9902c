"""The channel model and the rules of contact.

Effects of messages by channel and the traits of customers that they depend on, the worth of a
message, best moments, eligibility, recommendation, exploration. `*_fit.py` fits, and the server
does not load it.
"""
