"""Labels, back-tests, train jobs, the registry's writer: the only side that looks past a cutoff."""
