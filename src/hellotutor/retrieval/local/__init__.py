"""The VectorIndex that needs no service."""
