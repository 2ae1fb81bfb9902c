"""The HTTP service (BentoML).

Its endpoints, its error body, the posting of events, its process.
"""
