"""Trains the channel model, and estimates what contact policies are worth on logged decisions.

Rows of messages, attribution, best moments, the challenger on trees, policies and their values, and
the job of the training; `draws/` holds how the channels of logged messages came about.
"""
