"""Replaces the served champions and store by newer ones while the service runs."""
