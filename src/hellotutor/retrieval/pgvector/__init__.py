"""The VectorIndex in Postgres."""
