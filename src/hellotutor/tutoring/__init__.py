"""Studying: sessions, questions, graded answers, hints and cited replies."""
