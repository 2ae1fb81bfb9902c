"""Decides through which channel to ask a customer in a campaign.

A decision is drawn and written down durably before the caller learns of it.
"""
