"""The DocumentReader port and its adapters."""
