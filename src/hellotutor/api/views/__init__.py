"""Thin views, a file a resource."""
