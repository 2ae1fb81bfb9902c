"""Decisions.

A channel is drawn for a customer and a campaign, and written down before it is told.
"""
