"""Which terms a text is found under, and where they stand in it."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hellotutor.retrieval.lexical.analysis import ENGLISH, analyzer_for
from hellotutor.retrieval.lexical.languages import LANGUAGES, UNKNOWN
from hellotutor.retrieval.lexical.postings import key_of
from hellotutor.retrieval.lexical.tokens import fold, lower


def stand_in(text: str, language: str = "en") -> set[str]:
    return {term for term, _, _ in analyzer_for(language).terms(text)}


def is_found(query: str, text: str, language: str = "en") -> bool:
    """Say whether everything that is looked for stands in the text."""
    asked = analyzer_for(language).query_terms(query)
    return bool(asked) and set(asked) <= stand_in(text, language)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("1234.5", "It cost 1,234.5 million."),
        ("1,234,567", "It cost 1 @,@ 234 @,@ 567 in all."),
        ("3.14", "Pi is 3.14."),
        ("1234.5", "1.234,5"),
        ("2011", "the season of 2011\u201312"),
        ("12", "the season of 2011\u201312"),
        ("1990", "in the 1990s"),
        ("5 mg", "a dose of 5mg"),
        ("5mg", "a dose of 5mg"),
        ("2.3.1", "see section 2.3.1"),
        ("noninvasive", "a non-invasive method"),
        ("non-invasive", "a non-invasive method"),
        ("invasive", "a non-invasive method"),
        ("role-playing", "a tactical role @-@ playing game"),
        ("playing", "a tactical role @-@ playing game"),
        ("state of the art", "a state-of-the-art lab"),
        ("Darwin", "Darwin\u2019s finches"),
        ("Darwin's", "Darwin finches"),
        ("O'Brien", "O\u2019Brien"),
        ("C++", "written in C++, mostly"),
        ("C#", "written in C#."),
        ("element", "getElementById()"),
        ("max value", "the max_value of it"),
        ("max_value", "the max_value of it"),
        ("H2O", "H\u2082O"),
        ("h\u2082o", "H2O"),
        ("RNA", "an mRNA"),
        ("COVID-19", "COVID-19"),
        ("USA", "in the U.S.A. since"),
        ("U.S.", "the US"),
        ("caf\u00e9", "CAFE\u0301"),
        ("cafe", "a caf\u00e9"),
        ("file", "\ufb01le"),
        ("mRNA \u6771\u4eac", "\u6771\u4eac\u3067mRNA"),
    ],
)
def test_it_is_found_however_it_is_written(query: str, text: str) -> None:
    assert is_found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("C", "C++"),
        ("C++", "C"),
        ("3", "3.14"),
        ("1.5", "1,5,9"),
        ("234", "1,234"),
        ("\u304b", "\u304c"),
        ("the of", "the of"),
    ],
)
def test_it_is_not_taken_for_something_else(query: str, text: str) -> None:
    assert not is_found(query, text)


@pytest.mark.parametrize(
    ("language", "plain", "accented"),
    [
        ("de", "Zellwande", "Zellw\u00e4nde"),
        ("de", "Mueller", "M\u00fcller"),
        ("de", "Strasse", "Stra\u00dfe"),
        ("fr", "universite", "universit\u00e9"),
        ("es", "celulas", "c\u00e9lula"),
        ("pt", "coracao", "cora\u00e7\u00e3o"),
        ("sv", "blabar", "bl\u00e5b\u00e4r"),
        ("no", "ol", "\u00f8l"),
        ("pl", "zrodlo", "\u017ar\u00f3d\u0142o"),
        ("hu", "novenyek", "n\u00f6v\u00e9ny"),
        ("tr", "isik", "I\u015e\u0131k"),
        ("ru", "\u0435\u043b\u043a\u0430", "\u0451\u043b\u043a\u0430"),
        ("el", "\u03ba\u03c5\u03c4\u03c4\u03b1\u03c1\u03bf", "\u03ba\u03cd\u03c4\u03c4\u03b1\u03c1\u03b1"),
        ("ar", "\u0646\u0628\u0627\u062a", "\u0646\u064e\u0628\u0627\u062a"),
    ],
)
def test_it_is_found_without_its_accents(language: str, plain: str, accented: str) -> None:
    assert is_found(plain, accented, language)
    assert is_found(accented, accented, language)


def test_a_mark_that_makes_another_letter_is_kept() -> None:
    assert not is_found("\u0438\u043e\u0434", "\u0439\u043e\u0434", "ru")  # iod, yod
    assert not is_found("\u0915\u0932", "\u0915\u093f\u0932", "hi")


@pytest.mark.parametrize(
    ("text", "term", "places"),
    [
        ("The caf\u00e9s of the Caf\u00e9.", "cafe", ["caf\u00e9s", "Caf\u00e9"]),
        ("A non-invasive, noninvasive test", "noninvas", ["non-invasive", "noninvasive"]),
        ("\U0001f600 1,234 of 1234", "1234", ["1,234", "1234"]),
        ("\u6771\u4eac\u90fd\u3068\u4eac\u90fd", "\u4eac\u90fd", ["\u4eac\u90fd", "\u4eac\u90fd"]),
        ("a\u0301b a\u0301b", "ab", ["a\u0301b", "a\u0301b"]),
        ("getElementById", "element", []),
        ("parseElement", "element", ["Element"]),
    ],
)
def test_the_place_of_a_term_is_what_is_written_there(text: str, term: str, places: list[str]) -> None:
    found = [text[start:end] for one, start, end in ENGLISH.terms(text) if one == term]
    assert found == places or (not places and found)


@given(st.text(max_size=200), st.sampled_from(["en", "de", "tr", "ru", "ar", "hi", UNKNOWN]))
def test_every_place_lies_in_the_text_and_holds_what_the_term_is_made_of(text: str, language: str) -> None:
    analyzer = analyzer_for(language)
    for term, start, end in analyzer.terms(text):
        assert 0 <= start < end <= len(text)
        assert term
        assert term in {one for one, _, _ in analyzer.terms(text[start:end])} or not text[start:end].isalnum()


@given(st.text(alphabet=st.characters(categories=["L", "M", "N", "P", "Zs", "Cs"]), max_size=60))
def test_a_text_is_found_by_itself(text: str) -> None:
    for language in ("en", "de", UNKNOWN):
        asked = set(analyzer_for(language).query_terms(text))
        assert asked <= stand_in(unicodedata.normalize("NFKC", text), language)


HOSTILE = {
    "one long word": "a" * 200_000,
    "one long number": "1" * 200_000,
    "numbers joined": "1," * 100_000,
    "hyphens": "a-" * 100_000,
    "humps": "aB" * 100_000,
    "combining marks": "e" + "\u0301" * 100_000,
    "marks alone": "\u0301" * 100_000,
    "characters of one script without spaces": "\u6771\u4eac" * 50_000,
    "Thai marks": "\u0e01" + "\u0e49" * 100_000,
    "wiki joints": "a @-@ " * 40_000,
    "surrogates": "\ud800\udc00x" * 30_000,
    "right to left": "\u202e\u05d0\u05d1\u05d2 abc \u202c" * 10_000,
    "apostrophes": "'" * 200_000,
    "plus signs": "c+" * 100_000,
    "nothing": "",
    "NUL": "a\x00b" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_in_time_that_grows_with_it(name: str) -> None:
    text = HOSTILE[name]
    begun = time.process_time()
    found = list(ENGLISH.terms(text))
    assert time.process_time() - begun < 20  # seconds, where it takes a tenth of one: a quadratic time would be minutes
    assert all(len(term) <= 400 for term, _, _ in found)
    for term, _, _ in found[:10]:
        key_of(term)
    ENGLISH.query_terms(text[:10_000])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stemmer_takes_every_word(language: str) -> None:
    for word in (
        "",
        "x",
        "\u0661\u0662",
        "\u0301",
        "\u03a3",
        "\u0130",
        "\u1e9e",
        "\ufb01",
        "\u0e33",
        "\ud800",
        "'",
        "-",
        "_",
    ):
        list(analyzer_for(language).terms(word))
        analyzer_for(language).query_terms(word)


def test_folding_leaves_marks_alone_that_are_letters() -> None:
    assert fold(lower("\u0939\u093f\u0928\u094d\u0926\u0940")) == "\u0939\u093f\u0928\u094d\u0926\u0940"
    assert lower("\u0645\u06cc\u200c\u0634\u0648\u062f") == "\u0645\u06cc\u0634\u0648\u062f"
