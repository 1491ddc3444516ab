"""Cuts an answer into the few phrases that it must hold, only where each part still says by itself what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.offline.sketches import count_content
from hellotutor.tutoring.tutors.offline.syntax import render
from hellotutor.tutoring.tutors.offline.words import words_of

if TYPE_CHECKING:
    from spacy.tokens import Token

_MOST = 3
_CLAUSE_CONTENT = 2  # content words that a clause must have to be a point of its own
_PHRASE_CONTENT = 3  # the same for a phrase that a preposition opens
_RELATIVES = frozenset({"that", "which", "who"})
_LEFT_OUT = _RELATIVES | {"of"}  # before a phrase: "(because) of …"
_OPENING = frozenset({"ADP", "CCONJ", "SCONJ", "PUNCT", "SPACE"})
# Phrases of these prepositions tell one thing more; those of "of", "to" and "from" belong to what stands before them.
_TELLING = frozenset("through towards toward by during before after under within between into across against".split())


def key_points_of(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return one to three phrases that an answer must hold; the whole answer where a cut could change what it says.

    Args:
        tokens: the answer, in order.
    """
    whole = render(_trimmed(tokens)) or render(list(tokens))
    if any(word.is_negation for word in words_of(whole)):
        return (whole,)
    runs = _cut(tokens, [at for at in range(1, len(tokens)) if _opens_clause(tokens, at)], _CLAUSE_CONTENT)
    if len(runs) == 1:
        runs = _cut(tokens, [at for at in range(1, len(tokens)) if _opens_phrase(tokens, at)][:1], _PHRASE_CONTENT)
    points = [render(_trimmed(run)) for run in runs]
    return tuple(dict.fromkeys(points)) if all(points) else (whole,)


def _cut(tokens: Sequence[Token], places: Sequence[int], least: int) -> list[list[Token]]:
    """Cut at these places, but where either side would hold too little or there are enough parts."""
    runs: list[list[Token]] = []
    start = 0
    for at in places:
        is_full = count_content(tokens[start:at]) >= least and count_content(tokens[at:]) >= least
        if is_full and len(runs) < _MOST - 1:
            runs.append(list(tokens[start:at]))
            start = at
    return [*runs, list(tokens[start:])]


def _opens_clause(tokens: Sequence[Token], at: int) -> bool:
    """Whether a relative clause, a clause with a conjunction or a second predicate begins here, and runs to the end."""
    token = tokens[at]
    if token.lower_ in _RELATIVES and token.tag_ in ("WDT", "WP"):
        verb = token.head
        return verb.dep_ == "relcl" and _runs_on(verb, tokens) and not _is_coordinated(verb.head)
    if token.dep_ == "mark":
        return token.head.dep_ == "advcl" and token.head.left_edge.i == token.i and _runs_on(token.head, tokens)
    if token.dep_ == "cc" and token.lower_ == "and":
        joined = [child for child in token.head.children if child.dep_ == "conj" and child.i > token.i]
        is_verbal = token.head.pos_ in ("VERB", "AUX") and bool(joined) and joined[0].pos_ in ("VERB", "AUX")
        return is_verbal and joined[0].left_edge.i == token.i + 1 and _runs_on(token.head, tokens)
    return False


def _opens_phrase(tokens: Sequence[Token], at: int) -> bool:
    """Whether a phrase that tells one thing more about the answer's head begins here, and runs to the end."""
    token = tokens[at]
    if token.dep_ != "prep" or token.lower_ not in _TELLING or tokens[at - 1].pos_ in ("ADP", "CCONJ"):
        return False
    return _runs_on(token, tokens) and not any(map(_is_coordinated, [token.head, *token.head.ancestors][:2]))


def _runs_on(head: Token, tokens: Sequence[Token]) -> bool:
    return bool(head.right_edge.i >= tokens[-1].i - tokens[-1].is_punct)


def _is_coordinated(token: Token) -> bool:
    return token.dep_ == "conj" or any(child.dep_ in ("conj", "cc") for child in token.children)


def _trimmed(run: Sequence[Token]) -> list[Token]:
    kept = list(run)
    while kept and (kept[0].pos_ in ("CCONJ", "PUNCT", "DET") or kept[0].lower_ in _LEFT_OUT) and not _denies(kept[0]):
        kept = kept[1:]
    while kept and kept[-1].pos_ in _OPENING:
        kept = kept[:-1]
    return kept


def _denies(token: Token) -> bool:
    return any(word.is_negation for word in words_of(token.text))
