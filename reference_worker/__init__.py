"""reference_worker."""
