"""The service: answers for campaign engines, from the history store and the champions."""
