"""What a feature is: the language, relations and features as data, and the dictionary."""
