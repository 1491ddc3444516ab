"""The ladder of hints: a nudge, a part of the answer, the page; the first two never give the answer away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hellotutor.tutoring.tutors.base import Kind, QuestionToGrade
from hellotutor.tutoring.tutors.offline.choices import fold
from hellotutor.tutoring.tutors.offline.spelling import is_slip
from hellotutor.tutoring.tutors.offline.words import Word, words_of

LAST_RUNG = 2
_TOKEN = re.compile(r"\w+")
_INITIAL_FROM = 3  # letters from which a word's first letter may be shown
_HALF_FROM = 4  # words from which the first half of an answer is shown with its little words
_QUOTE_WORDS = 8  # most words of the quote that the last rung shows
_QUOTE_MIN_WORDS = 2
# Said where a hint's own words would be the answer. They share no word, so no answer stands in both.
_SAFE = ("Read the passage once more.", "Think about what you know already.")
_EXPECTED = (
    (re.compile(r"\bwhy\b", re.IGNORECASE), "a reason"),
    (re.compile(r"\b(how many|how much|what percentage|how long|how old)\b", re.IGNORECASE), "a number or an amount"),
    (re.compile(r"\bhow\b", re.IGNORECASE), "a way or a process"),
    (re.compile(r"\b(when|which year|what year)\b", re.IGNORECASE), "a time or a date"),
    (re.compile(r"\bwhere\b", re.IGNORECASE), "a place"),
    (re.compile(r"\bwho(m|se)?\b", re.IGNORECASE), "a person or a group"),
    (re.compile(r"\b(what (is|are|was|were)|define)\b", re.IGNORECASE), "a description or a definition"),
)


def hint(question: QuestionToGrade, rung: int) -> str:
    """Return the hint of a rung, always the same for the same question.

    Args:
        question: what was asked.
        rung: 0 a nudge, 1 a part of the answer, 2 the page; a higher one counts as 2.

    Raises:
        ValueError: the rung is negative.
    """
    if rung < 0:
        raise ValueError(f"a hint's rung is 0 or more, not {rung}")
    if rung >= LAST_RUNG:
        return _page(question)
    said = _part(question) if rung else _nudge(question)
    return next(text for text in (said, *_SAFE) if not _holds(text, question.answer))


def _holds(text: str, answer: str) -> bool:
    """Say whether the answer's words stand in a row in a text."""
    words, wanted = _TOKEN.findall(text.casefold()), _TOKEN.findall(answer.casefold())
    width = len(wanted)
    return width > 0 and any(words[at : at + width] == wanted for at in range(len(words) - width + 1))


def _nudge(question: QuestionToGrade) -> str:
    if question.kind is Kind.MULTIPLE_CHOICE:
        said = (
            f"One of the {len(question.choices)} options stands in the text; rule out those that can't be true first."
        )
    elif question.kind is Kind.CLOZE:
        said = f"The gap holds {_counted(len(_TOKEN.findall(question.answer)), 'word')}."
    else:
        words = _counted(len(_TOKEN.findall(question.answer)), "word")
        points = _counted(len(question.key_points), "point")
        said = f"Look for {_expected(question.prompt)}: {points}, in about {words}."
    where = f" It stands in {_quoted(question.section)}."
    return said + where if question.section and not _gives_away(question.section, question) else said


def _quoted(section: str) -> str:
    """Return a section in quotation marks, but where it brings its own."""
    return section if re.search('["“”«»]', section) else f'"{section}"'


def _expected(prompt: str) -> str:
    return next((kind for pattern, kind in _EXPECTED if pattern.search(prompt)), "what the text says about it")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _part(question: QuestionToGrade) -> str:
    if question.kind is Kind.MULTIPLE_CHOICE:
        return _ruled_out(question)
    tokens = _TOKEN.findall(question.answer)
    if question.kind is Kind.SHORT_ANSWER and len(question.key_points) > 1:
        point = question.key_points[0]
        if not _gives_away(point, question):
            return f'Part of the answer: "{point}". Say the rest too.'
    shown = question.answer if len(tokens) < _HALF_FROM else _first_half(question.answer, len(tokens))
    return f"It begins like this: {_masked(shown)}" + (" …" if shown != question.answer else "")


def _first_half(text: str, count: int) -> str:
    ends = [match.end() for match in _TOKEN.finditer(text)]
    return text[: ends[(count + 1) // 2 - 1]]


def _masked(text: str) -> str:
    """Keep the little words and the first letters of the others."""
    words = words_of(text)
    little = {word.text for word in words if not word.is_content and not word.is_negation}
    has_content = any(word.is_content for word in words)

    def mask(match: re.Match[str]) -> str:
        word = match.group()
        if has_content and word.lower() in little:
            return word
        return (word[0] if len(word) >= _INITIAL_FROM else "_") + "_" * (len(word) - 1)

    return _TOKEN.sub(mask, text)


def _ruled_out(question: QuestionToGrade) -> str:
    wrong = [choice for choice in question.choices if fold(choice) != fold(question.answer)]
    safe = [choice for choice in wrong if not _holds(choice, question.answer)]
    if len(wrong) == 1 or not safe:  # ruling out the only wrong one would give the answer
        return "Read each option again with the sentence it speaks of in mind."
    at = sum(map(ord, question.prompt)) % len(safe)
    return f'It isn\'t "{safe[at]}".'


def _gives_away(text: str, question: QuestionToGrade) -> bool:
    """Say whether a text holds the answer: its own words in a row, or every content word of it."""
    answer = _needed(question.answer)
    shown = {word.stem for word in words_of(text)}
    texts = {word.text for word in words_of(text)}
    asked = {word.stem for word in words_of(question.prompt)}
    new = [word for word in answer if word.stem not in asked] or answer
    return all(word.stem in shown or any(is_slip(other, word.text) for other in texts) for word in new)


def _needed(text: str) -> Sequence[Word]:
    words = words_of(text)
    return [word for word in words if word.is_content] or words


def _page(question: QuestionToGrade) -> str:
    where = _where(question)
    start = _safe_start(question)
    return f'{where} The sentence begins: "{start} …"' if start else where


def _where(question: QuestionToGrade) -> str:
    if question.page is not None:
        return f"Look at page {question.page}."
    return f"Look at the section {_quoted(question.section)}." if question.section else "Look at the passage again."


def _safe_start(question: QuestionToGrade) -> str:
    """Return the first words of the quote before any word that belongs to the answer alone."""
    asked = {word.stem for word in words_of(question.prompt)}
    held = {word.stem for word in _needed(question.answer)} - asked or {w.stem for w in _needed(question.answer)}
    end, count = 0, 0
    for match in _TOKEN.finditer(question.quote):
        if count == _QUOTE_WORDS or any(word.stem in held for word in words_of(match.group())):
            break
        end, count = match.end(), count + 1
    return question.quote[:end] if count >= _QUOTE_MIN_WORDS else ""
