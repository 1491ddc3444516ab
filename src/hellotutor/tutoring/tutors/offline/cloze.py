"""Grades the word or words that fill a gap: exact, another form, a typing slip, or some of several."""

from __future__ import annotations

from hellotutor.tutoring.tutors.base import Grade, QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.spelling import is_slip
from hellotutor.tutoring.tutors.offline.words import Word, words_of

_MAX_CHARACTERS = 500
_EXTRA_WORDS = 2  # more words than the gap holds that are forgiven, such as an article
_SLIP_SCORE = 0.95


def grade_cloze(question: QuestionToGrade, answer: str) -> Grade:
    """Grade what fills the gap.

    Args:
        question: a cloze question.
        answer: what the learner wrote.
    """
    expected, given = words_of(question.answer), words_of(answer[:_MAX_CHARACTERS])
    solution = f'The gap holds "{question.answer}".'
    if not given:
        return _wrong(question, f"You didn't write an answer yet. {solution}")
    if len(answer) > _MAX_CHARACTERS or len(given) > len(expected) + _EXTRA_WORDS:
        return _wrong(question, f"Write only the words that fill the gap. {solution}")
    if _changes_meaning(expected, given):
        return _wrong(question, f"That isn't it. {solution}")
    needed = _needed(expected)
    slips = [(word, _slip_of(word, given)) for word in needed if not _stands(word, given)]
    lost = [word for word, slip in slips if slip is None]
    if lost:
        return _short_of(question, needed, lost, solution)
    if slips:
        return Grade(
            Verdict.CORRECT,
            _SLIP_SCORE,
            f'That\'s right; it is spelt "{question.answer}".',
            question.key_points,
        )
    return Grade(Verdict.CORRECT, 1.0, f'That\'s right: "{question.answer}".', question.key_points)


def _needed(expected: tuple[Word, ...]) -> list[Word]:
    """Return the words that must be given: the content words, or all of them where there is none."""
    return [word for word in expected if word.is_content] or list(expected)


def _changes_meaning(expected: tuple[Word, ...], given: tuple[Word, ...]) -> bool:
    """Say whether the answer adds a negation or an alternative ("mitosis or meiosis")."""
    added = {word.text for word in given} - {word.text for word in expected}
    return "or" in added or any(word.is_negation for word in given if word.text in added)


def _stands(word: Word, given: tuple[Word, ...]) -> bool:
    return any(word.stem == other.stem for other in given)


def _slip_of(word: Word, given: tuple[Word, ...]) -> Word | None:
    return next((other for other in given if is_slip(other.text, word.text)), None)


def _short_of(question: QuestionToGrade, needed: list[Word], lost: list[Word], solution: str) -> Grade:
    if len(lost) == len(needed):
        return _wrong(question, f"That isn't it. {solution}")
    share = 1 - len(lost) / len(needed)
    words = ", ".join(f'"{word.text}"' for word in lost)
    said = f"Part of it is right; still missing: {words}. {solution}"
    return Grade(Verdict.PARTIAL, round(0.35 + 0.35 * share, 3), said, (), question.key_points)


def _wrong(question: QuestionToGrade, feedback: str) -> Grade:
    return Grade(Verdict.INCORRECT, 0.0, feedback, (), question.key_points)
