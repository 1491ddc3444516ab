"""What a word is to lexical search: where it stands, and the forms under which it is found."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Container, Iterator
from functools import cache
from itertools import pairwise

import snowballstemmer

from hellotutor.retrieval.lexical.languages import LANGUAGES, OF_SCRIPT
from hellotutor.retrieval.lexical.stop_words import STOP_WORDS as _STOP_WORDS
from hellotutor.retrieval.lexical.tokens import (
    CHUNK,
    HUMPS,
    IS_HYPHEN,
    PART,
    UNIT,
    fold,
    lower,
    read_number,
    script_of,
    split_run,
)

STOP_WORDS = _STOP_WORDS["en"]
_CACHE_CHUNKS = 50_000
_LONGEST = 64  # characters of a word that tell it from others; of what is longer nothing is remembered
_LONGEST_QUERY = 10_000  # characters; thousands of marks on a letter would take long to put in order
_FEWEST_OF_A_HUMP = 3
_MOST_HYPHENATED = 5

#: A term, the start and end of where it stands, and whether a query is looked for under it too.
Found = tuple[str, int, int, bool]


class _Stemmers(threading.local):
    """Stemmers for each thread: one keeps the word at hand in itself, and two threads would mix theirs."""

    def __init__(self) -> None:
        self._made: dict[str, snowballstemmer.stemmer] = {}

    def stem(self, word: str, language: str) -> str:
        """Return the stem of a lower-case word."""
        if language not in self._made:
            self._made[language] = snowballstemmer.stemmer(LANGUAGES[language].stemmer)
        stem: str = self._made[language].stemWord(word)
        return stem or word


_stemmers = _Stemmers()


class Analyzer:
    """Turns the texts of a language into terms: stems without accents, stop words left out.

    Words in another script are treated as the language does that is most usual in it. Where words aren't separated by
    spaces, two letters in a row are a term, and so is one. What is joined by hyphens is found by its parts and as one
    word, `camelCase` and `5mg` likewise; numbers don't depend on how their digits are grouped.

    Args:
        language: a code of `languages.LANGUAGES`; words in its script aren't stemmed when it is none of them.

    Source of the stemmers: M. F. Porter and others, Snowball.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._scripts = LANGUAGES[language].scripts if language in LANGUAGES else ("LATIN",)
        self._known: dict[str, tuple[Found, ...]] = {}

    def terms(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield (term, start, end) for everything under which the text is found, by where it stands.

        A word may have several terms, over its parts too. Offsets are code points of the text.
        """
        known = self._known
        for match in CHUNK.finditer(text):
            at = match.start()
            found = known.get(match.group())
            for term, start, end, _ in self._learn(match) if found is None else found:
                yield term, at + start, at + end

    def count(self, text: str, start: int, end: int, wanted: Container[str]) -> tuple[int, list[str]]:
        """Return how many terms `text[start:end]` has, and those that are wanted as often as they occur in it."""
        known = self._known
        total = 0
        occurring: list[str] = []
        for match in CHUNK.finditer(text, start, end):
            found = known.get(match.group())
            if found is None:
                found = self._learn(match)
            total += len(found)
            occurring += [term for term, _, _, _ in found if term in wanted]
        return total, occurring

    def query_terms(self, query: str) -> list[str]:
        """Return the terms that a query is looked for under, each once, in order."""
        text = unicodedata.normalize("NFKC", query[:_LONGEST_QUERY])
        found = (one for match in CHUNK.finditer(text) for one in self._learn(match))
        return list(dict.fromkeys(term for term, _, _, is_asked in found if is_asked))

    def _learn(self, match: re.Match[str]) -> tuple[Found, ...]:
        chunk = match.group()
        if match["run"]:
            return tuple(_pair(chunk))
        if match["symbol"]:
            return ((lower(chunk), 0, len(chunk), True),)
        if len(chunk) > _LONGEST:
            return tuple(self._analyse(chunk))
        if len(self._known) >= _CACHE_CHUNKS:
            self._known.clear()
        found = self._known[chunk] = tuple(dict.fromkeys(self._analyse(chunk)))
        return found

    def _analyse(self, chunk: str) -> Iterator[Found]:
        if chunk.isalpha() and not HUMPS.search(chunk, 0, _LONGEST):
            yield from self._name(chunk, 0, len(chunk))
            return
        parts = list(PART.finditer(chunk))
        if _is_acronym(chunk, parts):
            yield from self._name("".join(part.group() for part in parts), 0, len(chunk))
            return
        for part in parts:
            if part["number"]:
                yield from ((form, *part.span(), True) for form in read_number(part.group()[:_LONGEST]))
            else:
                yield from self._take_apart(part.group(), *part.span())
        for group in _hyphenated(chunk, parts):
            yield from self._name("".join(part.group() for part in group), group[0].start(), group[-1].end())

    def _take_apart(self, word: str, start: int, end: int) -> Iterator[Found]:
        """Yield the terms of a word, and those of the parts that its letters show."""
        yield from self._name(word, start, end)
        if unit := UNIT.fullmatch(word):
            yield unit[1][:_LONGEST], start, start + len(unit[1]), True
            yield from self._name(unit[2], start + len(unit[1]), end)
            return
        cuts = [0, *(hump.start() for hump in HUMPS.finditer(word[:_LONGEST])), len(word)]
        if len(cuts) > 2:
            for first, last in pairwise(cuts):
                if last - first >= _FEWEST_OF_A_HUMP:
                    yield from self._name(word[first:last], start + first, start + last)

    def _name(self, word: str, start: int, end: int) -> Iterator[Found]:
        """Yield a word's stem without accents, and beside it that of the word written without them."""
        script = script_of(word[0])
        language = self.language if script in self._scripts else OF_SCRIPT.get(script, "")
        form = lower(word[:_LONGEST], is_turkish=language == "tr")
        if not form or form in _STOP_WORDS.get(language, ()):
            return
        bare = fold(form)
        if language not in LANGUAGES:
            yield bare or form, start, end, True
            return
        stem = fold(_stemmers.stem(form, language)) or form
        yield stem, start, end, True
        if bare and bare != form:
            other = fold(_stemmers.stem(bare, language))
            if other != stem:
                yield other, start, end, False


def _pair(run: str) -> Iterator[Found]:
    """Yield each letter of a run without spaces, and each with the one after it; a query is looked for in pairs."""
    letters = split_run(run)
    for number, (start, end) in enumerate(letters):
        yield lower(run[start:end]), start, end, len(letters) == 1
        if number + 1 < len(letters):
            after = letters[number + 1][1]
            yield lower(run[start:after]), start, after, True


def _is_acronym(chunk: str, parts: list[re.Match[str]]) -> bool:
    return (
        len(parts) > 1
        and "." in chunk
        and len(chunk) == 2 * len(parts) - 1
        and all(p.end() - p.start() == 1 and p.group().isalpha() for p in parts)
    )


def _hyphenated(chunk: str, parts: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    """Yield what hyphens join, unless it is all numbers."""
    group: list[re.Match[str]] = []
    for part in [*parts, None]:
        if group and part and IS_HYPHEN.fullmatch(chunk, group[-1].end(), part.start()):
            group.append(part)
            continue
        if 1 < len(group) <= _MOST_HYPHENATED and not all(one["number"] for one in group):
            yield group
        group = [part] if part else []


@cache
def analyzer_for(language: str) -> Analyzer:
    """Return the analyzer of a language: one a process, so that a word is stemmed once."""
    return Analyzer(language)


ENGLISH = analyzer_for("en")
