"""How much of what an answer must say it does say: the weighted share of each key point's content words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hellotutor.tutoring.tutors.offline.spelling import is_slip
from hellotutor.tutoring.tutors.offline.synonyms import are_near
from hellotutor.tutoring.tutors.offline.words import Word, content_of, stems_of, words_of

_ASKED_WEIGHT = 0.1  # of a word that already stands in the question: repeating it shows little
_SAME_ROOT = 6  # letters that two stems must share from the start to count as one root (constant, constancy)
_SAME_ROOT_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an answer covers.

    Attributes:
        share: weighted share of all key points' words, in [0, 1].
        by_point: for each key point, the share of its words, in [0, 1].
    """

    share: float
    by_point: tuple[float, ...]


def cover(key_points: Sequence[str], prompt: Sequence[Word], answer: Sequence[Word]) -> Coverage:
    """Measure which words of the key points stand in the answer, spelling slips and near forms forgiven.

    Words that stand in the question weigh a tenth, unless the key points hold no other.
    """
    points = [content_of(words_of(point)) for point in key_points]
    asked = stems_of(prompt)
    if all(word.stem in asked for point in points for word in point):
        asked = set()
    given = content_of(answer)
    found: list[float] = []
    weights: list[float] = []
    for point in points:
        weight = {word.stem: _ASKED_WEIGHT if word.stem in asked else 1.0 for word in point}
        seen = {word.stem for word in point if stands_in(word, given)}
        found.append(sum(weight[stem] for stem in seen))
        weights.append(sum(weight.values()))
    by_point = tuple(part / whole if whole else 0.0 for part, whole in zip(found, weights, strict=True))
    total = sum(weights)
    return Coverage(sum(found) / total if total else 0.0, by_point)


def stands_in(word: Word, given: Sequence[Word]) -> bool:
    """Say whether a content word stands among others in the same or a near form, misspelt or as a synonym."""
    return any(_says(word, other) for other in given)


def _says(word: Word, other: Word) -> bool:
    return are_near(word.stem, other.stem) or _same_root(word.stem, other.stem) or is_slip(other.text, word.text)


def _same_root(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _SAME_ROOT or one[:_SAME_ROOT] != other[:_SAME_ROOT]:
        return False
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= _SAME_ROOT_SHARE * max(len(one), len(other))
