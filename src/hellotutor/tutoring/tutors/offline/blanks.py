"""Cloze questions: a sentence with the term that matters taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.salience import GENERAL
from hellotutor.tutoring.tutors.offline.sketches import Material, Sketch, count_content, name_of
from hellotutor.tutoring.tutors.offline.syntax import subtree, upper_first

if TYPE_CHECKING:
    from spacy.tokens import Token

BLANK = "_____"
_NAMING = frozenset({"called", "termed", "named"})
_NO_TERM_TYPES = frozenset({"DATE", "CARDINAL", "GPE", "NORP", "TIME", "MONEY", "PERCENT", "QUANTITY", "ORDINAL"})
_SHORT_TEXT = 40  # passages, about eight pages
_LOOSE = frozenset(
    "efficient large great good additional other many several new such certain different various own existing".split()
)
_VAGUE = frozenset(
    "nature study importance concept role understanding idea knowledge discovery presence absence use origin existence "
    "field theory practice kind type number variety range form aspect part lack lot bit piece".split()
)
_ROLES = frozenset({"nsubj", "nsubjpass", "attr", "dobj", "pobj", "oprd"})


def blank(material: Material) -> Iterator[Sketch]:
    """Yield `Complete the sentence: …` with its most telling term blanked."""
    doc = material.doc
    if material.clause.root.tag_ == "VBG" or material.clause.is_negated:
        return
    best = max(_terms(material), key=lambda pair: pair[1], default=None)
    if best is None or count_content(doc) < 8 or not material.reader.understands(list(doc)):
        return
    noun, worth = best
    term = name_of(noun)
    start = doc[noun.i].idx + len(noun.text) - len(term)
    sentence = doc.text
    if sentence[start : start + len(term)] != term or len(re.findall(rf"\b{re.escape(term)}", sentence, re.I)) != 1:
        return
    before = re.sub(r"\b([Aa])n? $", r"\1(n) ", sentence[:start])
    prompt = f"Complete the sentence: {upper_first(before + BLANK + sentence[start + len(term) :])}"
    yield Sketch(Kind.CLOZE, prompt, term, (term,), term, min(0.9, 0.4 + 0.45 * worth))


def _terms(material: Material) -> Iterator[tuple[Token, float]]:
    root = material.clause.root
    finite = material.clause.moving if material.clause.moving is not None else root
    for token in material.doc:
        if token.tag_ not in ("NN", "NNS", "NNP", "NNPS") or token.pos_ not in ("NOUN", "PROPN"):
            continue
        if token.dep_ not in _ROLES or token.ent_type_ in _NO_TERM_TYPES:
            continue
        term = name_of(token)
        if (
            not 1 <= len(term.split()) <= 3
            or not re.fullmatch(r"[\w' -]+", term)
            or not _is_term(token, term, material)
        ):
            continue
        worth = material.weight_of(token)
        rarest = min(map(material.salience.passages_with, re.findall(r"\w+", term)), default=0)
        least = 3 if material.salience.passages > _SHORT_TEXT else 1
        if rarest < least or material.reader.occurrences(term) < least:
            continue
        is_named = token.left_edge.i > 0 and material.doc[token.left_edge.i - 1].lower_ in _NAMING
        is_defined = token.i == material.clause.subject.i and any(c.dep_ == "attr" for c in root.children)
        is_general = finite.tag_ in ("VBZ", "VBP", "MD") and (token.pos_ != "PROPN" or " " in term)
        if not (is_general or is_named or is_defined):
            continue
        yield token, worth + 0.6 * is_named + 0.3 * is_defined


def _is_term(token: Token, term: str, material: Material) -> bool:
    """Whether one word only fits: the term isn't general, isn't in a list, and its stem stands once in the sentence."""
    words = term.lower().split()
    if any(
        t.dep_ == "nummod" or t.tag_ in ("JJR", "RB") or t.lower_ in _LOOSE for t in token.subtree if t.i <= token.i
    ):
        return False
    if len(words) == 1 and token.pos_ == "NOUN" and (material.is_essay or material.weight_of(token) < 0.45):
        return False
    if token.lower_ in GENERAL or words[-1] in GENERAL or material.weight_of(token) < 0.3:
        return False
    if any(child.dep_ == "conj" for child in token.children) or token.dep_ == "conj":
        return False
    if _hangs_on_vague(token):
        return False
    others = [t.lemma_.lower() for t in material.doc if t not in subtree(token)]
    return token.lemma_.lower() not in others and not any(w[:5] == token.lower_[:5] for w in others if len(w) > 4)


def _hangs_on_vague(token: Token) -> bool:
    """Whether a term stands in "the nature of …" or the like, where many would fit."""
    holder = token.head.head if token.dep_ == "pobj" and token.head.lower_ in ("of", "in", "for", "about") else None
    return holder is not None and (holder.lemma_.lower() in _VAGUE or holder.lower_ in GENERAL)
