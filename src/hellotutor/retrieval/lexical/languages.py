"""In which language a text is written, as far as the words of lexical search depend on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hellotutor.retrieval.lexical.stop_words import STOP_WORDS
from hellotutor.retrieval.lexical.tokens import PART

UNKNOWN = "und"  # as BCP 47 has it
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Language:
    """A language whose words can be stemmed.

    Attributes:
        stemmer: the name of its Snowball algorithm.
        scripts: the first word of its letters' Unicode names; one, or two where it is written in either.
    """

    stemmer: str
    scripts: tuple[str, ...] = ("LATIN",)


LANGUAGES = {
    "ar": Language("arabic", ("ARABIC",)),
    "ca": Language("catalan"),
    "cs": Language("czech"),
    "da": Language("danish"),
    "de": Language("german"),
    "el": Language("greek", ("GREEK",)),
    "en": Language("english"),
    "eo": Language("esperanto"),
    "es": Language("spanish"),
    "et": Language("estonian"),
    "eu": Language("basque"),
    "fa": Language("persian", ("ARABIC",)),
    "fi": Language("finnish"),
    "fr": Language("french"),
    "ga": Language("irish"),
    "hi": Language("hindi", ("DEVANAGARI",)),
    "hu": Language("hungarian"),
    "hy": Language("armenian", ("ARMENIAN",)),
    "id": Language("indonesian"),
    "it": Language("italian"),
    "lt": Language("lithuanian"),
    "ne": Language("nepali", ("DEVANAGARI",)),
    "nl": Language("dutch"),
    "no": Language("norwegian"),
    "pl": Language("polish"),
    "pt": Language("portuguese"),
    "ro": Language("romanian"),
    "ru": Language("russian", ("CYRILLIC",)),
    "sr": Language("serbian", ("CYRILLIC", "LATIN")),
    "st": Language("sesotho"),
    "sv": Language("swedish"),
    "ta": Language("tamil", ("TAMIL",)),
    "tr": Language("turkish"),
    "yi": Language("yiddish", ("HEBREW",)),
}
# How a word is stemmed whose letters the language around it doesn't use. Hebrew has no stemmer.
OF_SCRIPT = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GREEK": "el",
    "LATIN": DEFAULT,
    "TAMIL": "ta",
}

_SAMPLE_CHARACTERS = 20_000
_FEWEST_HITS = 3
_ENOUGH_WORDS = 50  # for a text without known words to be of no known language
_LEAST_SHARE = 0.06  # of the words, known and weighted; a text of a known language has .1 to .5
_LEAST_LEAD = 1.05

_HOLDERS = Counter(word for words in STOP_WORDS.values() for word in words)
# A word that many languages have says little.
_WEIGHTS = {
    language: {word: 1 / _HOLDERS[word] for word in words if len(word) > 1} for language, words in STOP_WORDS.items()
}


def find_language(texts: Sequence[str]) -> str:
    """Return the language of these texts by its function words.

    Returns:
        An ISO 639-1 code of `LANGUAGES`; UNKNOWN where enough is written, and in none of them; empty where the words
        are too few to say.
    """
    words = Counter(_sample(texts))
    scores = {
        language: sum(weights[word] * words[word] for word in weights.keys() & words.keys())
        for language, weights in _WEIGHTS.items()
    }
    best, second = sorted(scores, key=lambda language: -scores[language])[:2]
    count = words.total()
    has_hits = sum(words[word] for word in STOP_WORDS[best] & words.keys()) >= _FEWEST_HITS
    if has_hits and scores[best] >= _LEAST_SHARE * count and scores[best] >= _LEAST_LEAD * scores[second]:
        return best
    return UNKNOWN if count >= _ENOUGH_WORDS and scores[best] < _LEAST_SHARE * count else ""


def _sample(texts: Sequence[str]) -> Iterator[str]:
    """Yield the lower-case words of texts spread over the whole, those of scripts without spaces left out."""
    left = _SAMPLE_CHARACTERS
    step = max(1, sum(map(len, texts)) // _SAMPLE_CHARACTERS)
    for text in texts[::step]:
        for match in PART.finditer(text[:left].lower()):
            if not match["number"]:
                yield match.group()
        left -= len(text)
        if left <= 0:
            return
