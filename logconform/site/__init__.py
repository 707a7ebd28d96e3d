"""What the site generates: the report's page, and a page for each schema and feature. Needs the `docs` extra."""
