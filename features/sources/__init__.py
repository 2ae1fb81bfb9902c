"""How the tables of a shop are read from files and databases and checked against the contract."""
