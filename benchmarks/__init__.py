"""One file a published number."""
