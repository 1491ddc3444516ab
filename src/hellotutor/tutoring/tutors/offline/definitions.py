"""Questions from sentences that say what something is, means or is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.phrases import key_points_of
from hellotutor.tutoring.tutors.offline.sketches import (
    Material,
    Sketch,
    count_content,
    is_simple,
    name_of,
)
from hellotutor.tutoring.tutors.offline.syntax import (
    predicate_tokens,
    render,
    second_clauses,
    subject_tokens,
    subtree,
    upper_first,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_NO_GENUS = frozenset(
    "example one reason result way thing case question problem point matter time fact answer issue story part "
    "challenge concern requirement basis condition lot difference key something anything all goal idea aim exception "
    "consequence force driver factor feature component hallmark cornerstone foundation tool source cause means "
    "player".split()
)
_FIGURATIVE = frozenset(
    "measure element sign symbol reminder mark kind sort step form way friend enemy heart soul".split()
)
_NO_TERM = frozenset(
    "example reason result way thing case question problem point fact answer issue goal idea exception type kind "
    "number difference advantage purpose function role one part effort claim argument".split()
)
_PERSON = re.compile(
    r".*(?:[a-z]{3}(?:[eo]r|ist|ian|eer|ant|ent)|man|woman|child|author|artist|king|queen|poet|chief|genius|monk|nun|"
    r"nurse|boy|girl|prince|duke|lord|saint|pope|critic|scholar|clerk|wife|husband|bishop|beneficiary|hero|dean|"
    r"attorney|son|daughter|judge)"
)
_NO_PERSON = frozenset(
    "number letter matter order power center paper chapter computer water river color factor error sector vector tower "
    "plant element document statement instrument agreement government movement department component environment event "
    "management content amount patent continent constant polymer monomer dimer layer order receptor transmitter cancer "
    "fiber filter marker carrier primer promoter inhibitor hormone border shelter transporter tumor shoulder member "
    "treatment segment ligament filament pigment nutrient gradient solvent agent reagent current parent server browser "
    "peer user newsletter register timber lumber tractor motor mirror theater sister brother father mother her "
    "supplement settlement measurement experiment development arrangement adjustment implement apartment font".split()
)
# What follows these tells what a thing is; after "in" or "for" it tells where, or for whom, it is one of many.
_DEFINING = frozenset("of between from into by through with without against among".split())
_NAMING = {"call": (), "term": (), "name": (), "know": ("as",), "refer": ("to", "as"), "define": ("as",)}
_MEANING = {"mean": "mean", "refer": "refer to", "denote": "denote", "describe": "describe", "involve": "involve"}
_VAGUE_MODIFIERS = frozenset("important good bad great major common key main interesting different likely".split())


def define(material: Material) -> Iterator[Sketch]:
    """Yield `What is X?` and `Which of the following is …?` from `X is a Y that …`."""
    clause = material.clause
    genus = next((child for child in clause.root.children if child.dep_ == "attr"), None)
    if material.is_essay and genus is not None and genus.lemma_ in _FIGURATIVE:
        return
    if genus is None or clause.root.lemma_ != "be" or not _can_be_defined(material) or not _is_genus(genus):
        return
    subject = subject_tokens(clause)
    later = ("conj", "cc", "advcl", "ccomp", "parataxis")
    joined = {t.i for c in clause.root.children if c.dep_ in later and c.i > genus.i for t in c.subtree}
    answer = [token for token in predicate_tokens(clause, joined) if token.i > clause.root.i]
    if count_content(answer) < 3 or not material.reader.understands(subject, answer):
        return
    be = clause.root.lower_
    is_kind = clause.is_plural and subject[0].lower_ == "the" and clause.subject.tag_ == "NNS"
    term, words = render(subject[1:] if is_kind and len(subject) <= 3 else subject), render(answer)
    asked = (
        "Who" if is_person(genus) and clause.subject.pos_ == "PROPN" and not clause.subject.text.isupper() else "What"
    )
    concept = name_of(clause.subject)
    if asked == "Who" and _is_passing(material, concept):
        return
    quality = 0.8 if material.is_essay and clause.subject.pos_ != "PROPN" else 0.95
    yield Sketch(
        Kind.SHORT_ANSWER, f"{asked} {be} {term}?", upper_first(words) + ".", key_points_of(answer), concept, quality
    )
    stem = f"Which of the following {be} {words}?"
    yield Sketch(Kind.MULTIPLE_CHOICE, stem, render(subject), (concept,), concept, quality - 0.05, clause.subject)


def is_person(noun: Token) -> bool:
    """Say whether a common noun names a person, by its ending and against the commonest others."""
    word = noun.lemma_.lower()
    return word not in _NO_PERSON and bool(_PERSON.fullmatch(word))


def _is_passing(material: Material, name: str) -> bool:
    """Whether a person is only mentioned: by a single name, once."""
    return " " not in name and material.reader.occurrences(name) < 2


def _can_be_defined(material: Material) -> bool:
    clause = material.clause
    is_past = clause.root.tag_ == "VBD" and clause.subject.pos_ != "PROPN"
    if is_past or clause.is_negated or clause.moving is None or clause.moving.i != clause.root.i:
        return False
    opens = clause.subject.left_edge.i == 0
    return opens and is_simple(clause.subject) and clause.subject.lemma_.lower() not in _NO_TERM


def _is_genus(genus: Token) -> bool:
    if genus.pos_ not in ("NOUN", "PROPN") or genus.lemma_.lower() in _NO_GENUS:
        return False
    children = list(genus.children)
    is_told_apart = any(
        child.dep_ in ("relcl", "acl") or (child.dep_ == "prep" and child.lower_ in _DEFINING) for child in children
    )
    vague = any(inner.dep_ == "advmod" for child in children if child.dep_ == "amod" for inner in child.children)
    vague = vague or any(
        child.dep_ == "amod" and (child.lower_ in _VAGUE_MODIFIERS or child.tag_ == "JJR") for child in children
    )
    return is_told_apart and not vague


def name(material: Material) -> Iterator[Sketch]:
    """Yield `What is … called?` from `Y is called X`."""
    clause = material.clause
    if clause.root.lemma_ not in _NAMING or clause.subject.dep_ != "nsubjpass" or clause.is_negated:
        return
    term = _name_given(clause.root)
    subject = subject_tokens(clause)
    is_told = count_content(subject) >= 3 and not any(t.lower_ in ("what",) for t in subject)
    if term is None or not is_told or not material.reader.understands(subject) or second_clauses(clause):
        return
    answer = subtree(term, without=("poss", "relcl", "acl", "appos", "punct", "cc", "conj", "prep", "dep"))
    helper = clause.moving.lower_ if clause.moving is not None else "is"
    if count_content(answer) > 4 or helper not in ("is", "are"):
        return
    participle = {"call": "called", "term": "called", "name": "called"}.get(clause.root.lemma_, "known as")
    comma = "," if clause.doc[subject[-1].i + 1].text == "," else ""
    prompt = f"What {helper} {render(subject)}{comma} {participle}?"
    text = render(answer)
    yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(text) + ".", (name_of(term),), name_of(term), 0.85)
    yield Sketch(Kind.MULTIPLE_CHOICE, prompt, text, (name_of(term),), name_of(term), 0.9, term)


def _name_given(verb: Token) -> Token | None:
    for child in verb.children:
        if child.dep_ in ("oprd", "attr", "dobj") and child.i > verb.i and child.pos_ in ("NOUN", "PROPN"):
            return child
        if child.dep_ == "prep" and child.lower_ == "as":
            return next((inner for inner in child.children if inner.dep_ == "pobj"), None)
    return None


def mean(material: Material) -> Iterator[Sketch]:
    """Yield `What does X refer to?` from `X refers to …`."""
    clause = material.clause
    verb = _MEANING.get(clause.root.lemma_)
    if verb is None or clause.moving is not None or clause.is_negated or not is_simple(clause.subject, 8):
        return
    if clause.root.lemma_ == "refer" and (clause.root.tag_ == "VBD" or clause.subject.pos_ == "PROPN"):
        return
    is_clause = any(t.dep_ == "ccomp" and t.head.i == clause.root.i for t in clause.doc)
    if (is_clause or clause.root.tag_ == "VBD") and count_content(subject_tokens(clause)) < 2:
        return
    answer = [
        t
        for t in predicate_tokens(clause)
        if t.i > clause.root.i and not (t.i == clause.root.i + 1 and t.dep_ == "prep")
    ]
    subject = subject_tokens(clause)
    if count_content(answer) < 3 or subject[0].i != 0 or not material.reader.understands(subject, answer):
        return
    do = "did" if clause.root.tag_ == "VBD" else ("do" if clause.is_plural else "does")
    prompt = f"What {do} {render(subject)} {verb}?"
    concept = name_of(clause.subject)
    yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", key_points_of(answer), concept, 0.9)


def identify(material: Material) -> Iterator[Sketch]:
    """Yield `Who was X?` from `X, a Y that …, …`."""
    for name_, told in ((t.head, t) for t in material.doc if t.dep_ == "appos" and t.head.pos_ == "PROPN"):
        has_article = any(child.dep_ == "det" and child.lower_ in ("a", "an", "the") for child in told.children)
        answer, named = subtree(told), subtree(name_, without=("appos", "punct", "relcl", "acl", "cc", "conj"))
        is_placed = name_.i >= material.clause.subject.left_edge.i and material.doc[told.left_edge.i - 1].text == ","
        if (
            not has_article
            or not is_placed
            or told.pos_ != "NOUN"
            or told.i < name_.i
            or len(named) > 5
            or told.lemma_ in _NO_GENUS
        ):
            continue
        if count_content(answer) < 3 or not material.reader.understands(named, answer):
            continue
        is_past = material.clause.root.tag_ in ("VBD", "VBN") or material.is_essay
        asked = f"{'Who' if is_person(told) else 'What'} {'was' if is_past else 'is'}"
        concept = name_of(name_)
        if asked.startswith("Who") and _is_passing(material, concept):
            continue
        yield Sketch(
            Kind.SHORT_ANSWER,
            f"{asked} {render(named)}?",
            upper_first(render(answer)) + ".",
            key_points_of(answer),
            concept,
            0.9,
        )
