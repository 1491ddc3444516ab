"""Sentence boundaries by rule, so that splitting needs no model and gives the same spans everywhere."""

from __future__ import annotations

import re

# After these a full stop does not end a sentence …
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev gen sen rep st sr jr gov capt lt col sgt hon vs cf al e.g i.e eg ie viz ca approx inc ltd "
    "co corp dept univ est jan feb apr jun jul aug sept oct nov u.s u.k u.n a.m p.m ph.d b.c a.d d.c para "
    "trans eds".split()
)
# … and after these only before a number.
_BEFORE_NUMBERS = frozenset("no nos art sec ch p pp vol vols fig figs eq eqs mar dec sep".split())
# A match starts at the first of several stops and gives nothing back: a run of them is looked at once.
_BOUNDARY = re.compile(
    r"""(?<![.!?\u2026])(?P<stop>[.!?\u2026]++)(?P<note>(?<=[.!?])\d{1,3}(?=["')\]]*+\s++["'(\[]?[A-Z]))?"""
    r"""(?P<close>["')\]]*+)(?P<note2>\d{1,3}(?=\s++["'(\[]?[A-Z]))?(?P<gap>\s++)(?=[\s\S])"""
    r"""|(?P<cjk>[\u3002\uff01\uff1f\uff61]++["'\u300d\u300f)]*+)\s*+"""
)
_LAST_WORD = re.compile(r"([\w][\w.]*)$")  # only ever searched in a few characters


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return the spans of the sentences of `text[start:end]`, in order, without the white space between them.

    Args:
        text: normalised text.
        start: offset of the first character looked at.
        end: offset after the last one; the whole text by default.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin = start
    for match in _BOUNDARY.finditer(text, start, end):
        if match.lastgroup == "cjk" or match.group("cjk"):
            finish, resume = match.end("cjk"), match.end()
        else:
            if not _ends_sentence(text, begin, match):
                continue
            finish, resume = _finish(match), match.end("gap")
        if finish > begin:
            spans.append((begin, finish))
        begin = resume
    if text[begin:end].strip():
        spans.append((begin, end - (len(text[begin:end]) - len(text[begin:end].rstrip()))))
    return spans


def _finish(match: re.Match[str]) -> int:
    """Return where the sentence ends: before the digits of a note reference."""
    if match.group("note"):
        return match.start("note")
    return match.end("close")


def _ends_sentence(text: str, begin: int, match: re.Match[str]) -> bool:
    following = text[match.end("gap") : match.end("gap") + 2].lstrip("\"'([")[:1]
    if following.islower():
        return False
    if match.group("stop") != "." or match.group("note") or match.group("note2"):
        return True
    word = _LAST_WORD.search(text, max(begin, match.start() - 40), match.start())
    if word is None:
        return True
    last = word.group(1)
    if last.lower() in _ABBREVIATIONS or (last.lower() in _BEFORE_NUMBERS and following.isdigit()):
        return False
    is_initial = len(last) == 1 and last.isupper() and last != "I"
    return not is_initial and not (last.isdigit() and word.start() == begin)
