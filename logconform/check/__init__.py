"""The field: paths → readings → verdict → report."""
