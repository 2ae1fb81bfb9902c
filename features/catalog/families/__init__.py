"""The features, one line each, a file per family."""
