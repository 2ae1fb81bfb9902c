"""Serves predictions, reasons and decisions from the history store and the promoted models."""
