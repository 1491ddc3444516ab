"""Questions from sentences that say why, how, for what, or with what effect."""

from __future__ import annotations

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
    front_tokens,
    invert,
    predicate_tokens,
    render,
    subject_tokens,
    upper_first,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_EFFECTS = {"cause": "", "produce": "", "prevent": "", "trigger": "", "lead": "to", "result": "in", "contribute": "to"}

_FOLLOWED_BY_INFINITIVE = frozenset(
    "patent monopoly right ability power attempt effort way chance opportunity time need desire tendency capacity "
    "reason permission license freedom decision incentive potential place enough able likely too".split()
)
_AIMS = frozenset(
    "aim purpose goal objective function role job effect result consequence cause reason source task basis technique "
    "strategy method approach solution plan insight".split()
)


def explain(material: Material) -> Iterator[Sketch]:
    """Yield `Why …?` from a main clause with its reason."""
    reason = _reason(material)
    if reason is None:
        return
    clause = material.clause
    answer = list(reason.subtree)
    indices = {token.i for token in answer}
    asked = [*front_tokens(clause, indices), *subject_tokens(clause), *predicate_tokens(clause, indices)]
    if not _is_joint(material) or count_content(asked) < 2 or count_content(answer) < 3:
        return
    if not material.reader.understands(asked, answer):
        return
    prompt = invert(clause, "Why", indices)
    if prompt:
        points = key_points_of([t for t in answer if t.i != reason.left_edge.i])
        yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", points, _concept(material), 0.95)


def _reason(material: Material) -> Token | None:
    for child in material.clause.root.children:
        opening = child.left_edge.lower_
        if child.dep_ == "advcl" and any(c.dep_ == "mark" and c.lower_ == "because" for c in child.children):
            return child if opening == "because" else None
        if child.dep_ == "prep" and (
            child.lower_ == "due" or (child.lower_ == "because" and len(list(child.subtree)) > 3)
        ):
            return child
        is_purpose = (
            child.dep_ == "advcl" and child.left_edge.lower_ == "to" and child.tag_ == "VB" and child.i > child.head.i
        )
        if is_purpose and not material.clause.is_modal and _is_purpose_of(child, child.head):
            return child
        is_aim = child.dep_ == "advcl" and not material.clause.is_modal
        if is_aim and child.doc[child.left_edge.i : child.left_edge.i + 3].text.lower() == "in order to":
            return child
    return None


def _is_purpose_of(purpose: Token, verb: Token) -> bool:
    """Whether an infinitive tells why the verb was done, not what a noun before it is for."""
    between = verb.doc[verb.i + 1 : purpose.left_edge.i]
    is_done = any(child.dep_ in ("dobj", "auxpass") for child in verb.children) and verb.lower_ != "used"
    return is_done and not any(token.lemma_ in _FOLLOWED_BY_INFINITIVE for token in between)


def _is_joint(material: Material) -> bool:
    """Whether the reason clearly belongs to the one verb."""
    return not any(child.dep_ in ("conj", "ccomp", "parataxis") for child in material.clause.root.children)


def _concept(material: Material) -> str:
    nouns = [t for t in material.doc if t.pos_ in ("NOUN", "PROPN") and t.dep_ != "compound"]
    return name_of(max(nouns, key=material.weight_of)) if nouns else name_of(material.clause.subject)


def do_by(material: Material) -> Iterator[Sketch]:
    """Yield `How …?` from `… by doing …`."""
    clause = material.clause
    means = next(
        (
            child
            for child in clause.root.children
            if child.dep_ == "prep"
            and child.lower_ == "by"
            and any(c.dep_ == "pcomp" and c.tag_ == "VBG" for c in child.children)
        ),
        None,
    )
    if means is None or clause.is_negated:
        return
    answer = list(means.subtree)
    indices = {token.i for token in answer}
    asked = [*front_tokens(clause, indices), *subject_tokens(clause), *predicate_tokens(clause, indices)]
    if not _is_joint(material) or count_content(asked) < 3 or count_content(answer) < 3:
        return
    prompt = invert(clause, "How", indices)
    if prompt and material.reader.understands(asked, answer):
        points = key_points_of(answer[1:])
        yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", points, _concept(material), 0.85)


def have_effect(material: Material) -> Iterator[Sketch]:
    """Yield `What does X cause?` from `X causes …`."""
    clause = material.clause
    preposition = _EFFECTS.get(clause.root.lemma_)
    if preposition is None or clause.is_negated or clause.subject.dep_ == "nsubjpass" or not _is_joint(material):
        return
    effect = _effect(clause.root, preposition)
    if effect is None:
        return
    answer = [t for t in effect.subtree if not (preposition and t.i == effect.i)]
    indices = {t.i for t in predicate_tokens(clause) if t.i > clause.root.i and not (preposition and t.i == effect.i)}
    subject = subject_tokens(clause)
    is_full = count_content(answer) >= 3 and count_content(subject) >= 1 and is_simple(clause.subject, 12)
    prompt = invert(clause, "What", indices)
    if prompt and is_full and material.reader.understands(subject, answer):
        yield Sketch(
            Kind.SHORT_ANSWER,
            prompt,
            upper_first(render(answer)) + ".",
            key_points_of(answer),
            _concept(material),
            0.75,
        )


def _effect(verb: Token, preposition: str) -> Token | None:
    for child in verb.children:
        if preposition and child.dep_ == "prep" and child.lower_ == preposition and child.i <= verb.i + 2:
            return child
        if not preposition and child.dep_ == "dobj":
            return child
    return None


def be_used(material: Material) -> Iterator[Sketch]:
    """Yield `What is X used for?` from `X is used to …` and `X is used for …`."""
    clause = material.clause
    if clause.root.lower_ != "used" or clause.subject.dep_ != "nsubjpass" or clause.is_negated:
        return
    purpose = next(
        (c for c in clause.root.children if c.dep_ in ("xcomp", "advcl") and c.left_edge.lower_ == "to"), None
    )
    if purpose is None or not is_simple(clause.subject, 8) or front_tokens(clause):
        return
    answer, subject = list(purpose.subtree), subject_tokens(clause)
    if count_content(answer) < 3 or not material.reader.understands(subject, answer):
        return
    helper = clause.moving.lower_ if clause.moving is not None else "is"
    if helper not in ("is", "are", "was", "were"):
        return
    prompt = f"What {helper} {render(subject)} used for?"
    points = key_points_of(answer[1:])
    yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", points, name_of(clause.subject), 0.85)


def aim(material: Material) -> Iterator[Sketch]:
    """Yield `What is the aim of X?` from `The aim of X is …`."""
    clause = material.clause
    subject = subject_tokens(clause)
    is_named = any(t.dep_ == "poss" and t.pos_ == "PROPN" for t in clause.subject.children)
    is_aim = clause.subject.lemma_ in _AIMS and (len(subject) >= 4 or is_named)
    if clause.moving is None or clause.moving.i != clause.root.i:
        return
    if not is_aim or clause.is_negated or front_tokens(clause) or any(t.dep_ == "conj" for t in clause.root.children):
        return
    answer = [t for t in predicate_tokens(clause) if t.i > clause.root.i]
    if count_content(answer) < 3 or len(subject) > 12 or not material.reader.understands(subject, answer):
        return
    prompt = f"What {clause.root.lower_} {render(subject)}?"
    concept = max((t for t in subject if t.pos_ in ("NOUN", "PROPN")), key=material.weight_of)
    yield Sketch(
        Kind.SHORT_ANSWER, prompt, upper_first(render(answer)) + ".", key_points_of(answer), name_of(concept), 0.85
    )
