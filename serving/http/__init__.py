"""The HTTP service on BentoML: endpoints, form of errors, posted events, server process."""
