"""The last look at a question before it is asked: does it read well, stand alone and keep its answer to itself?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.blanks import BLANK
from hellotutor.tutoring.tutors.offline.sketches import Sketch
from hellotutor.tutoring.tutors.offline.words import stems_of, words_of

PROMPT_WORDS_MAX = {Kind.SHORT_ANSWER: 26, Kind.MULTIPLE_CHOICE: 32, Kind.CLOZE: 38}
ANSWER_WORDS_MAX = 34
_GIVEN_AWAY_SHARE = 0.34
_REASON_SHARE = 0.6  # a reason speaks of what it explains
_DUPLICATE_SHARE = 0.6
_BAD_PROMPT = re.compile(
    r" [,.;:?]|,\?|\b(\w+) \1\b|[;]|\b(?:and|or|but|the|an?|that|which|because|so)\?$|\(|\)|"
    r"\b(?:another|this|these|such)\b|^\w+ (?:do|does|did) (?:it|they)\b|\b(?:including|and) that\?"
)
# What only may be, or will be, is no fact to ask for.
_UNCERTAIN = re.compile(
    r"\b(?:[Ww]hat|[Ww]ho or what) (?:may|might|can|could|will|would|should|must|shall)\b|"
    r"\b(?:[Ww]hy|[Hh]ow) (?:may|might|would|should|shall)\b"
)
_BAD_ANSWER = re.compile(
    r" [,;:?]|^\W*(?:and|or|but|which|who|also|not|very|more|so|too)\b|\b(?:and|or|but|of|the|an?|to|in)\.?$|\(|\)",
    re.I,
)


def is_fair(sketch: Sketch) -> bool:
    """Say whether a question may be put before a learner, as far as its words show."""
    prompt_words = sketch.prompt.split()
    if len(prompt_words) > PROMPT_WORDS_MAX[sketch.kind] or len(sketch.answer.split()) > ANSWER_WORDS_MAX:
        return False
    if sketch.kind is Kind.SHORT_ANSWER and _UNCERTAIN.search(sketch.prompt):
        return False
    if _BAD_PROMPT.search(sketch.prompt) or _BAD_ANSWER.search(sketch.answer):
        return False
    if sketch.prompt.count('"') % 2 or sketch.answer.count('"') % 2 or not sketch.key_points:
        return False
    if sketch.kind is Kind.CLOZE:
        return sketch.prompt.count(BLANK) == 1
    share = _REASON_SHARE if sketch.prompt.startswith(("Why", "How")) else _GIVEN_AWAY_SHARE
    return not gives_away(sketch.prompt, sketch.answer, share)


def gives_away(prompt: str, answer: str, share: float = _GIVEN_AWAY_SHARE) -> bool:
    """Say whether the question holds more than a share of its answer's content words."""
    asked, told = stems_of(words_of(prompt)), stems_of(words_of(answer))
    return not told or len(asked & told) > share * len(told)


def is_near_duplicate(stems: set[str], others: Iterable[set[str]]) -> bool:
    """Say whether a question's content stems are mostly those of another."""
    return any(len(stems & other) > _DUPLICATE_SHARE * max(1, min(len(stems), len(other))) for other in others)
