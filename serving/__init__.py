"""Serves predictions, reasons and decisions from the history store and the promoted models.

Beside the rooms stand the settings of the service, which its environment gives.
"""
