"""The vocabulary of the features, by domain noun. Each text is defined once."""
