"""Questions from sentences that list what something consists of or includes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.sketches import Material, Sketch, count_content, is_simple, name_of
from hellotutor.tutoring.tutors.offline.syntax import (
    front_tokens,
    invert,
    predicate_tokens,
    render,
    subject_tokens,
    subtree,
    upper_first,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_LISTING = {
    "include": "",
    "comprise": "",
    "contain": "",
    "consist": "of",
    "compose": "of",
    "make": "of",
    "divide": "into",
}
_JOINS = frozenset({"cc", "punct", "conj", "preconj"})
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}


def enumerate_parts(material: Material) -> Iterator[Sketch]:
    """Yield `What does X consist of?`, `What do X include?`, `What are the three X?`; the items are the key points."""
    clause = material.clause
    is_told = clause.root.tag_ == "VBD" or clause.subject.pos_ == "PROPN"
    if is_told and clause.root.lemma_ in ("include", "contain", "make"):
        return
    if clause.is_negated or not is_simple(clause.subject, 10) or front_tokens(clause):
        return
    head, quality = _head_of_list(clause.root)
    if head is None:
        return
    items = _items(head)
    counted = next((t.lower_ for t in clause.subject.children if t.dep_ == "nummod"), "")
    if len(items) < (2 if counted else 3) or (counted in _COUNTS and _COUNTS[counted] != len(items)):
        return
    answer = list(head.subtree)
    rest = {t.i for t in predicate_tokens(clause) if t.i >= answer[0].i}
    subject = subject_tokens(clause)
    if count_content(subject) < 1 or not material.reader.understands(subject, answer):
        return
    if clause.root.lemma_ == "be" and not (clause.is_plural and (counted or len(items) >= 3)):
        return
    prompt = invert(clause, "What", rest)
    if prompt and len(items) <= 7:
        yield Sketch(
            Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", tuple(items), name_of(clause.subject), quality
        )


def _head_of_list(verb: Token) -> tuple[Token | None, float]:
    if verb.lemma_ == "be":
        return next((c for c in verb.children if c.dep_ == "attr" and c.i > verb.i), None), 0.85
    preposition = _LISTING.get(verb.lemma_)
    if preposition is None:
        return None, 0.0
    if not preposition:
        return next((c for c in verb.children if c.dep_ == "dobj"), None), 0.8
    for token in verb.subtree:
        if token.dep_ == "prep" and token.lower_ == preposition and token.i - verb.i <= 2:
            return next((c for c in token.children if c.dep_ == "pobj"), None), 0.9
    return None, 0.0


def _items(head: Token) -> list[str]:
    """Return the coordinated nouns of a list as phrases."""
    items: list[str] = []
    token: Token | None = head
    while token is not None and token.pos_ in ("NOUN", "PROPN", "ADJ", "VERB"):
        items.append(render(subtree(token, without=_JOINS)))
        token = next((child for child in token.children if child.dep_ == "conj"), None)
    return [item for item in items if item]
