"""The sources of a shop's tables: files and databases, and the work database they are read into."""
