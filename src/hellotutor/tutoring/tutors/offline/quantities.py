"""Questions that want a number or a date, and sentences that hold one."""

from __future__ import annotations

import re

_NEEDS_NUMBER = re.compile(r"\bhow (?:many|much)\b|\b(?:what|which) (?:year|date|percentage|number)\b", re.IGNORECASE)
_WANTS_TIME = re.compile(r"\bhow (?:long|old|far|tall|often|fast|big)\b|\bwhen (?:did|was|were)\b", re.IGNORECASE)
_BESIDE = re.compile(r"\b(?:figure|fig\.|table|chapter|section|page|equation) [\d.]+|\[\d+\]", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundreds?|thousands?|[mb]illions?|dozens?|half|halves|thirds?|quarters?|twice|double|pairs?|"
    r"percent|one(?= (?!of|another|can|could|may|must|should|way|reason)\w))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|century|centuries|era|period|age|lifetime|"
    r"January|February|March|April|May|June|July|August|September|October|November|December|before|after|during|until)\b"
)


def needs_number(question: str) -> bool:
    """Say whether nothing but a number answers a question."""
    return bool(_NEEDS_NUMBER.search(question))


def wants_measure(question: str) -> bool:
    """Say whether a question is best answered by a number, a date or a time."""
    return bool(_WANTS_TIME.search(question))


def holds_number(sentence: str) -> bool:
    """Say whether a sentence holds a number of anything, those of figures and pages aside."""
    return bool(_NUMBER.search(_BESIDE.sub("", sentence)))


def holds_measure(sentence: str) -> bool:
    """Say whether a sentence holds a number, a date or a time."""
    return holds_number(sentence) or bool(_TIME.search(sentence))
