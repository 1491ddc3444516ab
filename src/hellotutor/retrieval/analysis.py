"""What a word is to lexical search: where it stands, and the form under which it is found."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from typing import Protocol

import snowballstemmer

# Words that say what a sentence does, not what it is about; question words among them.
_STOP_WORDS = """
a about above after again against all also am an and any are as at be because been before being below between both
but by can could did do does doing down during each few for from further had has have having he her here hers
herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once
only or other our ours ourselves out over own same she should so some such than that the their theirs them
themselves then there these they this those through to too under until up upon very was we were what when where
which while who whom why will with would you your yours yourself yourselves s t d ll m o re ve
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"  # written without spaces: each character is a word
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_CACHE_WORDS = 200_000


class Analyzer(Protocol):
    """Turns a text into terms; the name is stamped on what it made, and two names never meet."""

    name: str

    def terms(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield (term, start, end) for each word that counts, in order."""
        ...


class _Stemmers(threading.local):
    """A stemmer for each thread: it keeps the word at hand in itself, and two threads would mix theirs."""

    def __init__(self) -> None:
        self.english = snowballstemmer.stemmer("english")


class EnglishAnalyzer:
    """Words without accents, stemmed, stop words left out; words of other languages pass nearly unchanged.

    Source: M. F. Porter, Snowball, the English stemmer.
    """

    name = "english-1"

    def __init__(self) -> None:
        self._stemmers = _Stemmers()
        self._known: dict[str, str] = {}

    def terms(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield (term, start, end) for each word that is not a stop word, in order."""
        known = self._known
        for match in _WORD.finditer(text):
            word = match.group()
            term = known.get(word)
            if term is None:
                term = self._learn(word)
            if term:
                yield term, match.start(), match.end()

    def _learn(self, word: str) -> str:
        if len(self._known) >= _CACHE_WORDS:
            self._known.clear()
        term = self._known[word] = self._stem(word)
        return term

    def _stem(self, word: str) -> str:
        folded = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
        if folded in STOP_WORDS:
            return ""
        stem: str = self._stemmers.english.stemWord(folded)
        return stem


#: One analyzer a process, so that a word is stemmed once.
ENGLISH = EnglishAnalyzer()
