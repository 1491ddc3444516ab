"""The Tutor port and its adapters."""
