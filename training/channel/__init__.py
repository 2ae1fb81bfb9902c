"""Trains the channel model, and estimates what contact policies are worth on logged decisions.

Rows of messages, what could have been sent when each message was, propensities, attribution, best
moments, the challenger on trees, policies and their values, and the job of the training.
"""
