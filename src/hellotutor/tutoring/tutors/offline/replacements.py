"""Finds the word that a learner put in the place of another in a sentence that is otherwise nearly the text's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from hellotutor.tutoring.tutors.offline.key_points import stands_in
from hellotutor.tutoring.tutors.offline.opposites import are_opposite, sides_of
from hellotutor.tutoring.tutors.offline.synonyms import is_everyday
from hellotutor.tutoring.tutors.offline.words import Word, content_of, words_of

_COPIED = 0.7  # share of each text's content words that must stand in the other, in the same order
_FEWEST = 3  # content words that must be copied
_WIDEST = 2  # words that may be replaced in one place
_MAX_WORDS = 80
# A word before one of these says what kind of thing is meant; one after "of" says of what.
_AFTER_HEAD = frozenset({"of", "that", "which", "who", "whose", "where", "onto", "into", "in", "on", "with"})
# Opposites in both halves of such a sentence say the same as the text ("the more …, the less …").
_PROPORTIONS = frozenset({"when", "as", "if", "while", "than", "whenever", "where"})

_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")

Words = Sequence[Word]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A word of the text and what the learner wrote for it.

    Attributes:
        told: the text's word.
        written: the learner's.
        is_grave: whether the answer is wrong for it: it is a name, or says what kind of thing is meant, or the learner
            wrote its opposite.
    """

    told: str
    written: str
    is_grave: bool


def find_replacement(prompt: Words, reference: Words, quote: str, answer: Words) -> Replacement | None:
    """Return the gravest word of the reference for which a near copy of it has another, or None.

    Synonyms that are known, an everyday word for another, spelling slips and words that stand in the question or the
    quote are no replacement.

    Args:
        prompt: words of the question.
        reference: words of the reference answer.
        quote: the sentence that holds it.
        answer: words of the learner's answer.
    """
    expected, given = content_of(reference), content_of(answer)
    if not expected or not given or max(len(reference), len(answer)) > _MAX_WORDS:
        return None
    blocks = _aligned(expected, given)
    copied = sum(1 for one, other in blocks if one.stem == other.stem)
    if copied < _FEWEST or copied < _COPIED * max(len(expected), len(given)):
        return None
    known = content_of((*reference, *prompt, *words_of(quote)))
    pairs = [
        (one, other)
        for one, other in blocks
        if one.stem != other.stem and not stands_in(one, given) and not _is_known(other, one, known)
    ]
    if not pairs:
        return None
    names = names_in(quote)
    grave = _grave_stems(reference, expected) | _opposed(reference, pairs)
    grave |= {word.stem for word in expected if word.text in names}
    one, other = next((pair for pair in pairs if pair[0].stem in grave), pairs[0])
    texts = [word.text.capitalize() if one.text in names else word.text for word in (one, other)]
    return Replacement(texts[0], texts[1], one.stem in grave)


def _aligned(expected: Words, given: Words) -> list[tuple[Word, Word]]:
    """Return the words of two texts that stand in the same place of both."""
    matcher = SequenceMatcher(None, [word.stem for word in expected], [word.stem for word in given], autojunk=False)
    pairs: list[tuple[Word, Word]] = []
    for name, start, end, other_start, other_end in matcher.get_opcodes():
        is_even = end - start == other_end - other_start
        if name == "equal" or (name == "replace" and is_even and end - start <= _WIDEST):
            pairs.extend(zip(expected[start:end], given[other_start:other_end], strict=True))
    return pairs


def _is_known(written: Word, told: Word, known: Words) -> bool:
    if are_opposite(written.stem, told.stem):
        return False
    return stands_in(written, known) or (is_everyday(written.stem) and is_everyday(told.stem))


def _grave_stems(reference: Words, expected: Words) -> set[str]:
    """Return the stems of the words that carry a definition: its head, what that is of, and what recurs in it."""
    found = {stem for stem, times in Counter(word.stem for word in expected).items() if times > 1}
    places = [at for at, word in enumerate(reference) if word.text in _AFTER_HEAD]
    if places and places[0] > 0:
        found.update(word.stem for word in reference[: places[0]][-1:] if word.is_content)
        if reference[places[0]].text == "of":
            found.update(word.stem for word in content_of(reference[places[0] + 1 : places[0] + 3])[:1])
    return found


def _opposed(reference: Words, pairs: Sequence[tuple[Word, Word]]) -> set[str]:
    """Return the stems that became their opposites, but for two that may say the same together."""
    opposed = [one for one, other in pairs if are_opposite(one.stem, other.stem)]
    may_cancel = len(opposed) > 1 and (
        any(word.text in _PROPORTIONS for word in reference) or len(set(_axes(opposed))) < len(opposed)
    )
    return set() if may_cancel else {word.stem for word in opposed}


def _axes(words: Words) -> Iterator[int]:
    yield from (axis for word in words for axis, _ in sides_of(word.stem)[:1])


def names_in(text: str) -> frozenset[str]:
    """Return, in lower case, the words that have a capital though they open no sentence."""
    return frozenset(name.lower() for name in _NAME.findall(text))
