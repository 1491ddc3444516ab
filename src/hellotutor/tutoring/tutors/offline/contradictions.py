"""Finds where an answer says the contrary of the reference: a negation, an opposite, a number, two swapped terms.

Rules, not a model: each looks only at words that the answer shares with the reference, so that what it reports can be
shown to the learner. They miss contradictions that need knowledge of the world. A finding is sure only where the answer
is otherwise nearly the reference; elsewhere opposites and negations are often another way to say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hellotutor.tutoring.tutors.offline.key_points import stands_in
from hellotutor.tutoring.tutors.offline.opposites import are_alike, are_opposite
from hellotutor.tutoring.tutors.offline.order import (
    find_exchanged,
    find_replaced,
    find_swapped_ends,
    find_swapped_roles,
    text_of,
)
from hellotutor.tutoring.tutors.offline.words import Word, content_of, stems_of

_ALIGNED = 0.7  # share of each text's content words that the other must hold for a finding to be sure
_DENIED_WORDS = 3  # content words after a negation that it reaches
_SCOPE_ENDS = frozenset({"but", "because", "so", "when", "if", "while", "although", "and", "since", "unless"})
# With these a negation may say the same ("if it sticks" and "unless it does not"), or deny a wish rather than a fact.
_CONDITIONS = frozenset({"if", "unless", "until", "only", "longer", "want", "wanted", "wish", "let", "allow", "need"})
_MAX_WORDS = 80  # of either text; in longer ones the rules say nothing


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What in an answer goes against the reference.

    Attributes:
        explanation: a sentence for the learner.
        is_sure: whether the answer is so near the reference that the finding can be held against it.
    """

    explanation: str
    is_sure: bool


Words = Sequence[Word]


def find_contradiction(prompt: Words, reference: Words, answer: Words) -> Contradiction | None:
    """Return what in the answer contradicts the reference, or None.

    Args:
        prompt: words of the question.
        reference: words of the reference answer.
        answer: words of the learner's answer.
    """
    if max(len(reference), len(answer)) > _MAX_WORDS:
        return None
    explanation = _wrong_number(prompt, reference, answer)
    if explanation:
        return Contradiction(explanation, is_sure=True)
    for look in (find_swapped_ends, find_swapped_roles, _flipped):
        explanation = look(reference, answer)
        if explanation:
            return Contradiction(explanation, is_sure=_is_aligned(reference, answer, prompt))
    explanation = _denial(reference, answer)
    if explanation:
        is_plain = not any(word.text in _CONDITIONS for word in answer)
        return Contradiction(explanation, is_sure=is_plain and _is_aligned(reference, answer, ()))
    explanation = find_exchanged(reference, answer) or find_replaced(reference, answer)
    return Contradiction(explanation, is_sure=False) if explanation else None


def _is_aligned(reference: Words, answer: Words, prompt: Words) -> bool:
    """Say whether two texts hold nearly the same content words, opposites counted as the same."""
    return min(_held(reference, (*answer, *prompt)), _held(answer, (*reference, *prompt))) >= _ALIGNED


def _held(words: Words, other: Words) -> float:
    own, known = content_of(words), content_of(other)
    held = [word for word in own if stands_in(word, known) or _has_counterpart(word, known)]
    return len(held) / len(own) if own else 0.0


def _has_counterpart(word: Word, known: Words) -> bool:
    return any(are_opposite(word.stem, other.stem) for other in known)


def _wrong_number(prompt: Words, reference: Words, answer: Words) -> str:
    asked = {word.stem for word in prompt if word.is_number}
    right = {word.stem: word.text for word in reference if word.is_number and word.stem not in asked}
    given = {word.stem: word.text for word in answer if word.is_number and word.stem not in asked}
    if not right or not given or right.keys() & given.keys():
        return ""
    return f"You wrote {_listed(given)} where the text says {_listed(right)}."


def _listed(numbers: dict[str, str]) -> str:
    return " and ".join(sorted(numbers.values()))


def _flipped(reference: Words, answer: Words) -> str:
    """Look for opposites that no negation turns back ("not closed" is "open"); two of them cancel each other."""
    by_text, by_learner = _reached(reference), _reached(answer)
    live = [
        (right, wrong)
        for right, wrong in _flips(reference, answer)
        if (right.stem in by_text) == (wrong.stem in by_learner)
    ]
    if len(live) % 2 == 0:
        return ""
    right, wrong = live[0]
    return f'You wrote "{wrong.text}" where the text says "{right.text}".'


def _reached(words: Words) -> set[str]:
    return {stem for at, word in enumerate(words) if word.is_negation for stem in _reach(words, at)}


def _flips(reference: Words, answer: Words) -> Iterator[tuple[Word, Word]]:
    """Yield each word that the reference alone holds for which the answer alone holds an opposite and nothing alike."""
    shared = stems_of(reference) & stems_of(answer)
    expected = {word.stem: word for word in content_of(reference) if word.stem not in shared}
    given = {word.stem: word for word in content_of(answer) if word.stem not in shared}
    for stem, right in expected.items():
        if any(are_alike(stem, other) for other in given):
            continue
        for other, wrong in given.items():
            if are_opposite(stem, other) and not any(are_alike(other, third) for third in expected):
                yield right, wrong
                break


def _count_negations(words: Words) -> int:
    return sum(word.is_negation for word in words)


def _denial(reference: Words, answer: Words) -> str:
    if (_count_negations(reference) + _count_negations(answer)) % 2 == 0 or any(_flips(reference, answer)):
        return ""
    shared = stems_of(reference) & stems_of(answer)
    by_text, by_learner = _denied(reference, stems_of(answer)), _denied(answer, stems_of(reference))
    if shared & by_learner - by_text:
        return f'You deny what the text states about "{text_of(answer, shared & by_learner - by_text)}".'
    if shared & by_text - by_learner:
        return f'You state what the text denies about "{text_of(answer, shared & by_text - by_learner)}".'
    return ""


def _denied(words: Words, other: set[str]) -> set[str]:
    """Return the stems that a negation reaches wherever they stand: the content words after it, a few at most.

    A negation whose first content word the other text doesn't hold denies something else, and reaches nothing.
    """
    reached: Counter[str] = Counter()
    for at, negation in enumerate(words):
        if negation.is_negation:
            stems = list(_reach(words, at))
            reached.update(stems if stems and stems[0] in other else ())
    standing = Counter(word.stem for word in words if word.is_content)
    return {stem for stem, times in reached.items() if times == standing[stem]}


def _reach(words: Words, at: int) -> Iterator[str]:
    left = _DENIED_WORDS
    for word in words[at + 1 :]:
        if not left or word.clause != words[at].clause or word.text in _SCOPE_ENDS:
            return
        if word.is_content:
            left -= 1
            yield word.stem
