"""The offline tutor: extractive questions, grades, hints and replies with no network."""
