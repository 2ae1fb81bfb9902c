"""The channel model and the rules of contact.

The model and its fit, the draws and the occasion of messages, the worth of a message, best moments,
eligibility, recommendation, exploration; `effects/` holds what messages do. `*_fit.py` fits, and
the server does not load it.
"""
