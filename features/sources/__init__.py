"""Opens a shop's tables where they stand: files and databases, read into a work database."""
