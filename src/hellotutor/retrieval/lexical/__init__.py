"""Lexical search: finding passages by their words."""
