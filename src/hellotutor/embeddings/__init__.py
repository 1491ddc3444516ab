"""Turning texts into vectors: the Embedder port and its adapters."""
