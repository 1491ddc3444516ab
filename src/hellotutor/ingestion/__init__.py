"""From bytes to passages that can be searched and asked about."""
