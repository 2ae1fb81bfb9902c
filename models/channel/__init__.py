"""The channel model.

Effects of messages by channel, eligibility, recommendation, exploration.
"""
