"""The composition root: typed settings, Django's settings, and which adapter serves each port."""
