"""Words as the grader sees them: lower case, stemmed, with negations and numbers told apart, so that texts compare."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import snowballstemmer

from hellotutor.tutoring.tutors.offline.british import americanise

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[-'][^\W\d_]+)*|\w+|[.,;:!?()]")
_NEGATED_VERB = re.compile(
    r"\b(?:(ca|wo|sha|is|are|was|were|do|does|did|has|have|had|could|would|should|might|must|need|ai)n'?t|can ?not)\b"
)

_TAKE_PLACE = re.compile(r"\b(?:take|takes|took|taken|taking) place\b")


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _word_set(
    "a an the this that these those some any each it its they them their theirs he she his her him we us our you "
    "your i me my mine who whom whose which what when where why how there here of to in on at by for from with as "
    "into onto than and or but if so then because since while though although about over upon also too very just "
    "only both such is are was were be been being am do does did doing done has have had having will would shall "
    "should can could may might must let lets get gets got go goes going went s t d ll re ve m like well really "
    "kind thing things something etc eg ie maybe think mean means called one ones other others am via answer per "
    "during through among between"
)
_NEGATIONS = _word_set(
    "not no never none neither nor nothing nobody nowhere without cannot unable hardly barely lack lacks lacking "
    "lacked fail fails failed failing false untrue isnt arent wasnt doesnt didnt dont"
)
_NUMBERS = (
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
)
_NUMBER_VALUES = (0, *range(2, 21), *range(30, 100, 10), 100, 1_000, 1_000_000, 1_000_000_000)
_NUMBER_WORDS = dict(zip(_NUMBERS.split(), map(str, _NUMBER_VALUES), strict=True))  # "one" is mostly a pronoun


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        text: as written, lower case.
        stem: what it is compared by; a number in digits for a number.
        clause: which clause it stands in, from 0 (clauses end at punctuation).
        is_content: whether it carries meaning of its own; a negation doesn't count.
    """

    text: str
    stem: str
    clause: int
    is_content: bool

    @property
    def is_negation(self) -> bool:
        """Whether it turns its clause round."""
        return self.text in _NEGATIONS

    @property
    def is_number(self) -> bool:
        """Whether it is a number, in digits or in letters."""
        return self.stem[:1].isdigit()


class _Stemmers(threading.local):
    """A stemmer for each thread: it keeps the word at hand in itself, and two threads would mix theirs."""

    def __init__(self) -> None:
        self.english: _Stemmer = snowballstemmer.stemmer("english")


_stemmers = _Stemmers()


@lru_cache(maxsize=20_000)
def stem_word(text: str) -> str:
    """Return the stem (Porter2) of a lower-case word in American spelling, or the digits of a number.

    `1,000` and `thousand` are both `1000`.
    """
    if text[:1].isdigit():
        return text.replace(",", "")
    return _NUMBER_WORDS.get(text) or _stemmers.english.stemWord(americanise(text))


def words_of(text: str) -> tuple[Word, ...]:
    """Split a text into its words, negated verbs taken apart (`can't` is `can not`)."""
    text = text.replace("\u2019", "'").lower()
    text = _TAKE_PLACE.sub("happen", text)
    text = _NEGATED_VERB.sub(lambda match: f"{match.group(1) or 'can'} not", text)
    words: list[Word] = []
    clause = 0
    for token in _TOKEN.findall(text):
        if not token[0].isalnum():
            clause += 1
            continue
        for part in token.removesuffix("'s").split("-"):
            words.append(_word(part, clause))
    return tuple(words)


def _word(text: str, clause: int) -> Word:
    is_content = text not in _STOP and text not in _NEGATIONS
    return Word(text, stem_word(text), clause, is_content)


def content_of(words: Iterable[Word]) -> list[Word]:
    """Return the content words, in order."""
    return [word for word in words if word.is_content]


def stems_of(words: Iterable[Word]) -> set[str]:
    """Return the stems of the content words."""
    return {word.stem for word in words if word.is_content}
