"""Normalised text with a map back to the raw characters, so that a quote can be checked and marked on its page.

*Verbatim* has one meaning in this program: equal after `normalise`. The normalisation, version 1:

1. control characters and soft hyphens dropped; a hyphen at a line's end before a lower-case letter joined with the
   next line (PDFium marks such hyphens with U+0002 or U+FFFE);
2. Unicode NFKC;
3. quotation marks and apostrophes unified to `"` and `'`, hyphens to `-`, dashes to U+2014;
4. every run of white space folded to one space, none at either end.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter

NORMALISATION_VERSION = 1

_UNIFIED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\u0060", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2212", "-"),
        **dict.fromkeys("\u2012\u2013\u2015", "\u2014"),
    }
)
# A reader hides markup (emphasis marks, running headers) from the normalised text by overwriting it, character for
# character, with HIDDEN; PARAGRAPH in its place starts a new paragraph. Both keep the map to the raw text intact.
HIDDEN = "\u2060"
PARAGRAPH = "\u2029"

_INVISIBLE = r"\x00-\x08\x0e-\x1b\x7f\u00ad\u200b-\u200d\u2060\ufeff"
# What is not already normal: a hyphenated line end, invisible characters, white space that is not one space,
# a back-tick, and non-ASCII runs (with the ASCII letter before them: a combining mark composes with it). Every
# repetition is possessive, so that no text, however made, is looked at more than a few times; the first line lets
# ordinary letters pass at once.
_ODD = re.compile(
    r"(?=[^ -~]|[-`]|[ -~][^ -~]|  )(?:"
    r"(?P<hyphen>(?<=\w)(?:[\x02\ufffe][ \t]*+(?:\r?\n[ \t]*+)?+|[-\u2010\u00ad][ \t]*+\r?\n[ \t]*+)"
    r"(?=[a-z\u00df-\u00ff]))"
    r"|(?P<pdfhyphen>[\x02\ufffe])"
    rf"|(?P<space>[{_INVISIBLE}]*+(?:[^\S ][\s{_INVISIBLE}]*+| [\s{_INVISIBLE}]++))"
    rf"|(?P<invisible>[{_INVISIBLE}]++)"
    r"|(?P<tick>`)"
    rf"|(?P<other>[!-~]?(?:[{_INVISIBLE}]*+[^\x00-\x7f\s{_INVISIBLE}\ufffe])++))"
)
_NOT_SHOWN = re.compile(rf"[{_INVISIBLE}]")
_REPLACED = re.compile(rf"[{_INVISIBLE}{''.join(map(chr, _UNIFIED))}]")
_TRAILING_NOT_SHOWN = re.compile(rf"(?<![{_INVISIBLE}])[{_INVISIBLE}]++\Z")
_PARAGRAPH = re.compile(rf"\n[^\S\n{_INVISIBLE}]*+[{_INVISIBLE}]*+[^\S\n]*+\n|{PARAGRAPH}")
# More marks than this on one letter are put in their order here: unicodedata's own sort is quadratic in them.
_MANY_MARKS = 30

Break = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """Text after `normalise`, and where each of its characters came from.

    Attributes:
        text: the normalised text.
        breaks: (normalised offset, raw offset at which the character there begins, raw offset at which the character
            before it ends), rising; between two breaks all three rise together. The two raw offsets differ where
            something was deleted, and where one raw character became several: each of those has all of it.
        paragraphs: normalised offsets at which a new paragraph starts, rising; 0 is not listed.
    """

    text: str
    breaks: list[Break] = field(default_factory=lambda: [(0, 0, 0)])
    paragraphs: list[int] = field(default_factory=list)

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the raw code-point offsets of the normalised span [start, end)."""
        return raw_span(self.breaks, start, end)


def raw_span(breaks: Sequence[Break], start: int, end: int) -> tuple[int, int]:
    """Map the normalised span [start, end) to raw code-point offsets with a stored map.

    Its characters are whole, with their combining marks; what was deleted before or after them is left out.

    Args:
        breaks: as in `NormalisedText.breaks`.
        start: normalised offset of the first character.
        end: normalised offset after the last character; greater than `start`.
    """
    return _begin(breaks, start), _end(breaks, end)


def _begin(breaks: Sequence[Break], offset: int) -> int:
    normal, begin, _ = _break_at(breaks, offset)
    return begin + offset - normal


def _end(breaks: Sequence[Break], offset: int) -> int:
    normal, begin, end = _break_at(breaks, offset)
    return end if normal == offset else begin + offset - normal


def _break_at(breaks: Sequence[Break], offset: int) -> Break:
    return breaks[bisect_right(breaks, offset, key=itemgetter(0)) - 1]


def normalise(raw: str) -> NormalisedText:
    """Normalise `raw` by the rules above and keep the map back to it."""
    pieces: list[str] = []
    breaks: list[Break] = [(0, 0, 0)]
    paragraphs: list[int] = []
    length = position = 0
    for match in _ODD.finditer(raw):
        start, end = match.span()
        if start > position:
            pieces.append(raw[position:start])
            length += start - position
        for replacement, size in _replacements(match, at_start=length == 0, at_end=end == len(raw)):
            if match.lastgroup == "space" and length and _PARAGRAPH.search(match.group()):
                paragraphs.append(length + len(replacement))
            pieces.append(replacement)
            _mark(breaks, length, len(replacement), start, start + size)
            length += len(replacement)
            start += size
        position = end
    pieces.append(raw[position:])
    text = "".join(pieces)
    lead = len(text) - len(text.lstrip(" "))
    if lead:
        first = _begin(breaks, lead)
        breaks = [(0, first, first), *((at - lead, begin, end) for at, begin, end in breaks if at > lead)]
        paragraphs = [at - lead for at in paragraphs]
    text = text.strip(" ")
    return NormalisedText(text, breaks, [at for at in paragraphs if 0 < at < len(text)])


def _mark(breaks: list[Break], normal: int, length: int, start: int, end: int) -> None:
    """Note that the raw characters [start, end) became `length` characters at the offset `normal`."""
    if length == 0:  # deleted: the next character begins after them, the one before ended before them
        before = breaks.pop()[2] if breaks[-1][0] == normal else start
        breaks.append((normal, end, before))
        return
    breaks.extend((normal + inner, start, end) for inner in range(1, length))
    if breaks[-1][1] - breaks[-1][0] != end - normal - length:
        breaks.append((normal + length, end, end))


def _replacements(match: re.Match[str], *, at_start: bool, at_end: bool) -> list[tuple[str, int]]:
    """Return what replaces a match, as (replacement, raw length) units."""
    found, size = match.group(), len(match.group())
    if match.lastgroup == "space":
        return [("" if at_start or at_end else " ", size)]
    if match.lastgroup == "pdfhyphen":
        return [("-", size)]
    if match.lastgroup == "tick":
        return [("'", size)]
    if match.lastgroup in ("hyphen", "invisible"):
        return [("", size)]
    if not _REPLACED.search(found) and unicodedata.is_normalized("NFKC", found):
        return [(character, 1) for character in found]
    clusters = _clusters(found)
    whole = _compose(clusters)
    units = [(_compose([cluster]), len(cluster)) for cluster in clusters]
    if "".join(unit for unit, _ in units) != whole:  # composition across clusters: one unit for the whole run
        units = [(whole, size)]
    return units


def _compose(clusters: list[str]) -> str:
    run = "".join(_in_order(cluster) if len(cluster) > _MANY_MARKS else cluster for cluster in clusters)
    visible = _NOT_SHOWN.sub("", run).translate(_UNIFIED)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", visible).lstrip()).translate(_UNIFIED)


def _in_order(cluster: str) -> str:
    """Return a cluster decomposed, its marks in their canonical order."""
    apart = "".join(unicodedata.normalize("NFKD", character) for character in _NOT_SHOWN.sub("", cluster))
    runs = groupby(apart, key=lambda character: unicodedata.combining(character) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining)) for _, run in runs)


def _clusters(run: str) -> list[str]:
    """Split a run into characters with what composes with each, and the invisible characters between them."""
    cuts = {0, len(run)}
    for at, character in enumerate(run):
        if not _continues(character):
            cuts.add(at)
    clusters: list[str] = []
    for start, end in pairwise(sorted(cuts)):
        cluster = run[start:end]
        trailing = _TRAILING_NOT_SHOWN.search(cluster)
        clusters += [cluster[: trailing.start()], trailing.group()] if trailing else [cluster]
    return clusters


@lru_cache(maxsize=4096)
def _continues(character: str) -> bool:
    """Say whether a character is invisible or may compose with the one before: a mark, a later jamo of a syllable."""
    first = unicodedata.normalize("NFKC", character)[:1]
    is_later_jamo = "\u1160" <= first <= "\u11ff"
    return is_later_jamo or unicodedata.category(first)[0] == "M" or bool(_NOT_SHOWN.match(character))


def as_printed(raw: str) -> str:
    """Return raw text of a page on one line: white space folded, hyphenated line ends joined, all else as printed."""
    return _ODD.sub(_print, raw).strip()


def _print(match: re.Match[str]) -> str:
    if match.lastgroup in ("tick", "other"):
        return _NOT_SHOWN.sub("", match.group())
    return {"space": " ", "pdfhyphen": "-"}.get(match.lastgroup or "", "")


def is_verbatim(quote: str, text: str) -> bool:
    """Say whether `quote` stands in `text`, both normalised."""
    needle = normalise(quote).text
    return bool(needle) and needle in normalise(text).text
