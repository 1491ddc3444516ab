"""Grades multiple choice: by number, by letter or by the option's text, full credit for the key alone."""

from __future__ import annotations

import re
import unicodedata

from hellotutor.tutoring.tutors.base import Grade, QuestionToGrade, Verdict

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MARKED = re.compile(r"\(?\s*([a-z]|\d{1,2})\s*[.):]?")


def grade_choice(question: QuestionToGrade, answer: str) -> Grade:
    """Grade a multiple-choice answer.

    Args:
        question: a multiple-choice question; its answer is one of its choices.
        answer: `2`, `b`, `B)` or the option's text, whatever its case and white space.
    """
    choice = read_choice(question.choices, answer)
    right = f'The right option is "{question.answer}".'
    if choice is None:
        opening = "You didn't choose an option." if not answer.strip() else "That isn't one of the options."
        return _wrong(question, f"{opening} {_valid_forms(len(question.choices))} {right}")
    if fold(choice) != fold(question.answer):
        return _wrong(question, f'"{choice}" isn\'t it. {right}')
    return Grade(Verdict.CORRECT, 1.0, f'That\'s right: "{question.answer}".', question.key_points)


def read_choice(choices: tuple[str, ...], answer: str) -> str | None:
    """Return the option that an answer names, or None. An option's own text goes before its number or letter."""
    given = fold(answer)
    for choice in choices:
        if given and given == fold(choice):
            return choice
    marked = _MARKED.fullmatch(given)
    if marked is None:
        return None
    mark = marked.group(1)
    place = int(mark) - 1 if mark.isdigit() else _LETTERS.index(mark)
    return choices[place] if 0 <= place < len(choices) else None


def fold(text: str) -> str:
    """Return a text without differences of case, width, white space or a closing full stop."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".").rstrip()


def _valid_forms(count: int) -> str:
    return (
        f"Answer with a number from 1 to {count}, a letter from a to {_LETTERS[count - 1]}, or the option's own words."
    )


def _wrong(question: QuestionToGrade, feedback: str) -> Grade:
    return Grade(Verdict.INCORRECT, 0.0, feedback, (), question.key_points)
