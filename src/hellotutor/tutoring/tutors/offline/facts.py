"""Questions from plain statements: who or what did it, to what, in which year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.definitions import is_person
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

_YEAR = re.compile(r"1[0-9]{3}|20[0-4][0-9]")
_SPEAKING_VERBS = frozenset(
    "suggest say describe provide offer express send bring launch file call hold state tell ask answer report write "
    "read perform present raise draw receive visit love like consider follow reach leave meet help stand open lead "
    "start hear join".split()
)
_BOUND_VERBS = frozenset(
    "depend rely focus derive arise originate respond serve act belong bind convert stem evolve".split()
)
_NO_DEEDS = frozenset("be become have die seem appear remain occur begin".split())
# Verbs whose object alone is no answer worth asking for.
_EMPTY_VERBS = frozenset(
    "have do make take get give go come see say think know want need use become begin seem find keep let put set try "
    "show play include occur happen appear remain mean add face let hold stand go".split()
)


def ask_subject(material: Material) -> Iterator[Sketch]:
    """Yield `Which of the following …?` and, for a named subject, `Who …?`, from a telling predicate."""
    clause = material.clause
    subject = subject_tokens(clause)
    predicate = [*predicate_tokens(clause)]
    if clause.is_negated or front_tokens(clause) or not is_simple(clause.subject, 4) or count_content(predicate) < 5:
        return
    if clause.root.lemma_ in _EMPTY_VERBS:
        return
    is_vague = any(c.dep_ == "aux" and c.tag_ in ("MD", "VB", "VBD", "VBZ", "VBP") for c in clause.root.children)
    if is_vague or clause.root.tag_ == "VBG" or any(t.pos_ == "NUM" for t in subject):
        return
    if subject[0].i != 0 or not material.reader.understands([*subject, *predicate]) or _points_back(predicate):
        return
    concept, text = name_of(clause.subject), render(predicate)
    if clause.subject.pos_ != "PROPN" and (material.is_essay or material.reader.occurrences(concept) < 4):
        return
    yield Sketch(
        Kind.MULTIPLE_CHOICE,
        f"Which of the following {text}?",
        render(subject),
        (concept,),
        concept,
        0.6 if material.is_essay else 0.75,
        clause.subject,
    )
    if clause.subject.ent_type_ == "PERSON" and not clause.is_plural:
        yield Sketch(Kind.SHORT_ANSWER, f"Who {text}?", render(subject) + ".", (concept,), concept, 0.75)


def _points_back(tokens: list[Token]) -> bool:
    """Whether a pronoun in the predicate would be left without the subject it stood for."""
    return any(token.tag_ in ("PRP", "PRP$") for token in tokens)


def ask_object(material: Material) -> Iterator[Sketch]:
    """Yield `What does X …?` where the object is the news."""
    clause = material.clause
    verb = clause.root
    target = next((c for c in verb.children if c.dep_ == "dobj" and c.i > verb.i), None)
    if target is None or clause.is_negated or verb.lemma_ in _EMPTY_VERBS or not is_simple(clause.subject, 7):
        return
    has_a = any(t.dep_ == "det" and t.lower_ in ("a", "an") for t in clause.subject.children)
    if verb.tag_ == "VBG" or (verb.tag_ == "VBD" and has_a) or verb.lemma_ in _SPEAKING_VERBS:
        return
    if any(c.dep_ in ("ccomp", "xcomp", "advcl", "prt") for c in verb.children) or front_tokens(clause):
        return
    between = [t for t in predicate_tokens(clause) if verb.i < t.i < target.left_edge.i]
    joined = {t.i for c in verb.children if c.dep_ in ("conj", "cc") and c.i > verb.i for t in c.subtree}
    answer = [t for t in predicate_tokens(clause, joined) if t.i >= target.left_edge.i]
    subject = [*subject_tokens(clause), *between]
    if count_content([*subject, verb]) < 3 or verb.lemma_[:5] in {t.lemma_[:5] for t in subject}:
        return
    least = 4 if clause.subject.pos_ == "PROPN" or len(subject) == 1 else 3
    if count_content(answer) < least or target.pos_ not in ("NOUN", "PROPN"):
        return
    prompt = invert(clause, "Who or what" if target.ent_type_ == "PERSON" else "What", joined | {t.i for t in answer})
    if prompt and material.reader.understands(subject, answer):
        yield Sketch(
            Kind.SHORT_ANSWER,
            prompt,
            upper_first(render(answer)) + ".",
            key_points_of(answer),
            name_of(clause.subject),
            0.7 if clause.moving is not None else 0.65,
        )


def ask_agent(material: Material) -> Iterator[Sketch]:
    """Yield `By whom was …?` from a passive with a named agent."""
    clause = material.clause
    agent = next((c for c in clause.root.children if c.dep_ == "agent"), None)
    doer = next((c for c in agent.children if c.dep_ == "pobj"), None) if agent is not None else None
    if agent is None or doer is None or doer.pos_ not in ("NOUN", "PROPN") or clause.is_negated:
        return
    answer = list(agent.subtree)
    indices = {t.i for t in answer}
    asked = [*front_tokens(clause, indices), *subject_tokens(clause), *predicate_tokens(clause, indices)]
    is_named = doer.pos_ == "PROPN"
    prompt = invert(clause, "By whom" if is_named or is_person(doer) else "By what", indices)
    if prompt and count_content(asked) >= 3 and is_simple(doer, 6) and material.reader.understands(asked, answer):
        text = render(answer[1:])
        yield Sketch(
            Kind.SHORT_ANSWER,
            prompt,
            upper_first(text) + ".",
            (name_of(doer),),
            name_of(clause.subject),
            0.8 if is_named else 0.72,
        )


def ask_year(material: Material) -> Iterator[Sketch]:
    """Yield `In what year …?` from an event with its year."""
    clause = material.clause
    when = next(
        (
            c
            for c in clause.root.children
            if c.dep_ == "prep" and c.lower_ == "in" and any(_YEAR.fullmatch(i.text) for i in c.children)
        ),
        None,
    )
    if (
        when is None
        or clause.is_negated
        or clause.root.pos_ != "VERB"
        or clause.root.tag_ == "VBG"
        or len(list(when.subtree)) != 2
    ):
        return
    indices = {t.i for t in when.subtree}
    asked = [*front_tokens(clause, indices), *subject_tokens(clause), *predicate_tokens(clause, indices)]
    prompt = invert(clause, "In what year", indices)
    is_event = count_content(asked) >= 4 and is_simple(clause.subject, 8)
    if prompt and is_event and material.reader.understands(asked) and not _YEAR.search(prompt):
        year = when.doc[when.i + 1].text
        yield Sketch(Kind.SHORT_ANSWER, prompt, year + ".", (year,), name_of(clause.subject), 0.82)


def ask_deed(material: Material) -> Iterator[Sketch]:
    """Yield `What did X do in 1976?` from what a named one did in a year."""
    clause = material.clause
    when = [
        t for t in clause.root.children if t.dep_ == "prep" and t.lower_ == "in" and _YEAR.fullmatch(t.right_edge.text)
    ]
    is_deed = clause.root.tag_ == "VBD" and clause.moving is None and clause.subject.dep_ == "nsubj"
    if (
        len(when) != 1
        or len(list(when[0].subtree)) > 3
        or not is_deed
        or clause.subject.pos_ != "PROPN"
        or clause.root.lemma_ in _NO_DEEDS
    ):
        return
    if material.clause.root.lemma_ in _SPEAKING_VERBS:
        return
    indices = {t.i for t in when[0].subtree}
    answer, subject = predicate_tokens(clause, indices), subject_tokens(clause)
    if front_tokens(clause, indices) or count_content(answer) < 4 or not is_simple(clause.subject, 6):
        return
    if material.reader.understands(subject, answer):
        told = upper_first(f"{render(subject)} {render(answer)}") + "."
        prompt = f"What did {render(subject)} do {render(when[0].subtree)}?"
        yield Sketch(Kind.SHORT_ANSWER, prompt, told, key_points_of(answer), name_of(clause.subject), 0.85)


def ask_number(material: Material) -> Iterator[Sketch]:
    """Yield `How many …?` from a counted subject."""
    clause = material.clause
    number = next(
        (t for t in clause.subject.children if t.dep_ == "nummod" and t.i == clause.subject.left_edge.i), None
    )
    predicate = predicate_tokens(clause)
    if number is None or clause.is_negated or count_content(predicate) < 3 or number.lower_ in ("one", "two"):
        return
    counted = [t for t in subject_tokens(clause) if t.i > number.i]
    front = front_tokens(clause)
    if (
        len(front) > 6
        or not material.reader.understands([*front, *counted, *predicate])
        or not is_simple(clause.subject, 5)
    ):
        return
    prompt = f"how many {render(counted)} {render(predicate)}?"
    prompt = upper_first(f"{render(front)}, {prompt}" if front else prompt)
    amount = render(number.subtree)
    yield Sketch(Kind.SHORT_ANSWER, prompt, upper_first(amount) + ".", (amount,), name_of(clause.subject), 0.7)


def ask_complement(material: Material) -> Iterator[Sketch]:
    """Yield `What does X depend on?` from a verb with its preposition."""
    clause = material.clause
    verb = clause.root
    bound = next((c for c in verb.children if c.dep_ == "prep" and c.i == verb.i + 1), None)
    if bound is None or verb.lemma_ not in _BOUND_VERBS or clause.is_negated or not is_simple(clause.subject, 8):
        return
    if any(c.dep_ in ("conj", "ccomp", "advcl") for c in verb.children) or verb.tag_ == "VBG":
        return
    answer, subject = [t for t in predicate_tokens(clause) if t.i > bound.i], subject_tokens(clause)
    prompt = invert(clause, "What", {t.i for t in answer})
    if prompt and count_content(answer) >= 3 and material.reader.understands(subject, answer):
        told = upper_first(render(answer)) + "."
        yield Sketch(Kind.SHORT_ANSWER, prompt, told, key_points_of(answer), name_of(clause.subject), 0.8)
