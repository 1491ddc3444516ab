"""Filters that templates share."""
