"""Compares the order of the words that two texts share: exchanged terms, replaced terms, directions turned round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from hellotutor.tutoring.tutors.offline.opposites import are_opposite
from hellotutor.tutoring.tutors.offline.spelling import is_slip
from hellotutor.tutoring.tutors.offline.synonyms import are_near
from hellotutor.tutoring.tutors.offline.words import Word, content_of, stem_word, stems_of

Words = Sequence[Word]

# Verbs that say the same with their two sides exchanged.
_SYMMETRIC_VERBS = "equal meet join marry differ resemble balance touch interact connect mix combine"
_SYMMETRIC = frozenset(stem_word(word) for word in _SYMMETRIC_VERBS.split())
_BEING = frozenset({"is", "are", "was", "were"})
_LISTING = frozenset({"and", "or"})
_SKIPPED = frozenset({"a", "an", "the", "its", "their", "this", "that"})
_AWAY, _TOWARDS = frozenset({"from", "out"}), frozenset({"to", "into", "towards", "toward"})


def find_swapped_ends(reference: Words, answer: Words) -> str:
    """Return what is wrong where one text goes "from A to B" and the other from B to A, or where "from" became "to"."""
    right, given = _ends(reference), _ends(answer)
    if right and given and right[0] != right[1] and right == (given[1], given[0]):
        return f'You have "{text_of(answer, {given[0]})}" and "{text_of(answer, {given[1]})}" the wrong way round.'
    expected, said = _directions(reference), _directions(answer)
    for stem, (way, word) in expected.items():
        if stem in said and said[stem][0] != way:
            return f'You wrote "{said[stem][1]}" before "{text_of(answer, {stem})}" where the text says "{word}".'
    return ""


def _ends(words: Words) -> tuple[str, str] | None:
    start = end = previous = ""
    for word in words:
        previous = word.text if word.text in ("from", "to") else previous
        if word.is_content and previous == "from":
            start, previous = word.stem, ""
        elif word.is_content and previous == "to":
            end, previous = word.stem, ""
    return (start, end) if start and end else None


def _directions(words: Words) -> dict[str, tuple[bool, str]]:
    """Return for each content word right after "from" or "to" which of them it is; none where a text has both."""
    found: dict[str, tuple[bool, str]] = {}
    seen: dict[str, set[bool]] = {}
    told = [word for word in words if word.text not in _SKIPPED]
    for before, word in pairwise(told):
        if word.is_content and before.text in _AWAY | _TOWARDS:
            found[word.stem] = (before.text in _AWAY, before.text)
            seen.setdefault(word.stem, set()).add(before.text in _AWAY)
    return {stem: place for stem, place in found.items() if len(seen[stem]) == 1}


def find_swapped_roles(reference: Words, answer: Words) -> str:
    """Return what is wrong where the reference has A verb B and the answer B verb A, both active or both passive."""
    given = set(_triples(answer))
    for before, middle, after, is_passive in _triples(reference):
        is_pair = before != after and not are_opposite(before, after)
        if is_pair and middle not in _SYMMETRIC and (after, middle, before, is_passive) in given:
            return f'You have "{text_of(answer, {after})}" and "{text_of(answer, {before})}" the wrong way round.'
    return ""


def _triples(words: Words) -> Iterator[tuple[str, str, str, bool]]:
    """Yield each three content words in a row in a clause, with whether the middle one is passive."""
    places = [at for at, word in enumerate(words) if word.is_content]
    for first, middle, last in zip(places, places[1:], places[2:], strict=False):
        between = {word.text for word in (*words[first + 1 : middle], *words[middle + 1 : last])}
        if words[first].clause == words[last].clause and not between & _LISTING:
            yield words[first].stem, words[middle].stem, words[last].stem, bool(between & {"by", *_BEING})


def find_exchanged(reference: Words, answer: Words) -> str:
    """Return what looks wrong where two shared words stand in each other's place and the others between them don't."""
    texts = stems_of(reference) & stems_of(answer)
    expected = list(dict.fromkeys(word.stem for word in content_of(reference) if word.stem in texts))
    given = list(dict.fromkeys(word.stem for word in content_of(answer) if word.stem in texts))
    moved = [at for at, (one, other) in enumerate(zip(expected, given, strict=True)) if one != other]
    if len(moved) != 2 or moved[1] - moved[0] == 1 or _is_passive(reference) != _is_passive(answer):
        return ""
    first, last = given[moved[0]], given[moved[1]]
    if expected[moved[1]] != first or _is_list(answer, first, last):
        return ""
    return f'You have "{text_of(answer, {first})}" and "{text_of(answer, {last})}" the wrong way round.'


def _is_passive(words: Words) -> bool:
    return any(word.text == "by" or (word.text in _BEING and after.is_content) for word, after in pairwise(words))


def _is_list(words: Words, first: str, last: str) -> bool:
    places = [at for at, word in enumerate(words) if word.stem in (first, last)]
    between = words[places[0] : places[-1] + 1]
    is_plain = all(word.is_content or word.text in _LISTING for word in between)
    return is_plain and (between[0].clause != between[-1].clause or any(word.text in _LISTING for word in between))


def find_replaced(reference: Words, answer: Words) -> str:
    """Return what looks wrong where one term of the reference is replaced by another that isn't known to be near."""
    expected, given = content_of(reference), content_of(answer)
    matcher = SequenceMatcher(None, [w.stem for w in expected], [w.stem for w in given], autojunk=False)
    steps = [step for step in matcher.get_opcodes() if step[0] != "equal"]
    if len(steps) != 1 or steps[0][0] != "replace":
        return ""
    _, start, end, given_start, given_end = steps[0]
    if end - start != 1 or given_end - given_start != 1:
        return ""
    told, written = expected[start], given[given_start]
    if are_near(told.stem, written.stem) or is_slip(written.text, told.text):
        return ""
    return f'You wrote "{written.text}" where the text says "{told.text}".'


def text_of(words: Words, stems: set[str]) -> str:
    """Return the first content word with one of the stems, as written."""
    return next(word.text for word in content_of(words) if word.stem in stems)
