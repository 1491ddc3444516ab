"""Words are stemmed the same however many requests do it at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hellotutor.retrieval.lexical.analysis import Analyzer
from hellotutor.tutoring.tutors.offline.words import stem_word

_ROOTS = ("expect", "align", "quarter", "relation", "conform", "adjust", "hope", "digit", "vile", "organ", "operate")
_ENDINGS = ("", "s", "ed", "ing", "ation", "ational", "fulness", "ously", "iveness", "izer", "ality", "ement")
WORDS = [f"{start}{root}{ending}" for start in ("", "re", "un", "over") for root in _ROOTS for ending in _ENDINGS]


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    """Let threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def analyse(word: str) -> str:
    return " ".join(term for term, _, _ in ANALYZER.terms(word))


ANALYZER = Analyzer("en")


@pytest.mark.parametrize("stem", [analyse, stem_word], ids=["search", "grading"])
def test_threads_do_not_mix_their_words(stem: Callable[[str], str]) -> None:
    def stem_all(shift: int) -> dict[str, str]:
        return {word: stem(word) for word in WORDS[shift:] + WORDS[:shift]}

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(stem_all, (0, 100, 200, 300)))
    stem_word.cache_clear()
    alone = Analyzer("en")
    expected = {
        word: " ".join(term for term, _, _ in alone.terms(word)) if stem is analyse else stem_word(word)
        for word in WORDS
    }
    assert found == [expected] * 4
