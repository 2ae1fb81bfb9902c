"""Offline scoring: answers for a whole audience written to a file, without the HTTP service."""
