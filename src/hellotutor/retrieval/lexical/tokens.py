"""Where words stand in a text of any script, before a language has its say."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Scripts written without spaces between words, and Hangul, whose particles are written to the word.
_SPACELESS = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd"  # Thai, Lao
    r"\u1000-\u103f\u1050-\u109d\u1780-\u17d3"  # Myanmar, Khmer
    r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Hangul
    r"\u3005\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
# What is written over, under or after the letter that it belongs to.
_SPACELESS_MARKS = (
    r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u1059\u105e-\u1060"
    r"\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u109a-\u109d\u17b6-\u17d3\u3099\u309a"
)
# The same in the other scripts: \w doesn't know these.
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a4d"
    r"\u0a81-\u0acd\u0b01-\u0b4d\u0b82-\u0bcd\u0c00-\u0c4d\u0c81-\u0ccd\u0d00-\u0d4d\u0d81-\u0ddf\u200c\u200d"
)
_LETTER = rf"(?:[^\W_{_SPACELESS}][{_MARKS}]*+)"
# What may stand within a chunk; WikiText writes " @-@ ", " @.@ " and " @,@ ".
_HYPHEN = r"[-_\u2010\u2011]| @-@ "
_POINT = r"[.,]| @[.,]@ "
_MOST_JOINTS = 11  # numbers or identifiers in a row without a space are several chunks

#: A run of a script without spaces, or words with what joins them: `state-of-the-art`, `1,234.5`, `C++`.
CHUNK = re.compile(
    rf"(?P<run>[{_SPACELESS}]++)"
    rf"|(?P<symbol>(?<![^\W_])[A-Za-z](?:\+\+|\#)(?!\w))"
    rf"|{_LETTER}++(?:(?:{_HYPHEN}|{_POINT}|['\u2019\xb7]){_LETTER}++){{0,{_MOST_JOINTS}}}+"
)
#: The parts of a chunk: numbers with their separators, and words.
PART = re.compile(rf"(?P<number>\d+(?:(?:{_POINT})\d+)++|\d++(?![^\W_]))|{_LETTER}++")
IS_HYPHEN = re.compile(_HYPHEN)
#: A letter of a script without spaces, with its marks: a real one has three at most.
CLUSTER = re.compile(
    rf"(?:[^{_SPACELESS_MARKS}][{_SPACELESS_MARKS}]{{0,7}}+|[{_SPACELESS_MARKS}]{{1,7}}+)"
    r"(?:[\u0e33\u0eb3]|(?<=\u0e4d)\u0e32|(?<=\u0ecd)\u0eb2)?+"  # the vowel AM, whole or in two as NFKC has it
)
#: Where an identifier in camelCase has its humps, and a number its unit.
HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
UNIT = re.compile(r"(\d+)([^\W\d_]+)")

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})++(?:\.\d+)?")
_GROUPED_BY_POINTS = re.compile(r"\d{1,3}(?:(?:\.\d{3}){2,}+(?:,\d+)?|(?:\.\d{3})++,\d+)")
_TAKEN_APART = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_JOINERS = str.maketrans("", "", "\u200c\u200d\u0640")  # zero-width ones, and the Arabic stretching stroke


def split_run(run: str) -> list[tuple[int, int]]:
    """Return the spans of the letters of a run without spaces, each with its marks."""
    return [match.span() for match in CLUSTER.finditer(run)]


def read_number(text: str) -> list[str]:
    """Return the forms under which a number is found: `1,234.5` and `1.234,5` are 1234.5, `3,14` is 3.14, 3 and 14."""
    number = unicodedata.normalize("NFKC", text).replace(" @", "").replace("@ ", "")
    if _GROUPED.fullmatch(number):
        return [number.replace(",", "")]
    if _GROUPED_BY_POINTS.fullmatch(number):
        return [number.replace(".", "").replace(",", ".")]
    if "," not in number:
        return [number]
    parts = number.split(",")
    return [".".join(parts), *parts] if len(parts) == 2 else parts


@cache
def script_of(letter: str) -> str:
    """Return the script of a letter by the first word of its Unicode name, such as LATIN."""
    return unicodedata.name(letter, "").partition(" ")[0]


def lower(word: str, *, is_turkish: bool = False) -> str:
    """Return a word in its compatible, lower-case form, without the joiners that say how it is drawn."""
    if word.isascii() and not is_turkish:
        return word.lower()
    if is_turkish:
        word = word.replace("I", "ı").replace("İ", "i")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold()).translate(_JOINERS)


def fold(word: str) -> str:
    """Return a lower-case word without accents and points, where its script has some that can be left out."""
    if word.isascii():
        return word
    script = script_of(word[0])
    if script == "CYRILLIC":
        return word.replace("ё", "е").replace("\u0300", "").replace("\u0301", "")
    if script not in ("LATIN", "GREEK", "ARABIC", "HEBREW"):
        return word  # there a mark is as good as a letter
    taken_apart = unicodedata.normalize("NFKD", word)
    return "".join(c for c in taken_apart if not unicodedata.combining(c)).translate(_TAKEN_APART)
