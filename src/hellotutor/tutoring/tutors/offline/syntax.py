"""The parts of a parsed sentence, and their turning into a question: inversion, do-support, agreement."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

SUBJECTS = frozenset({"nsubj", "nsubjpass"})
# They open a sentence with a capital that isn't theirs. The parser reads them better with it.
OPENING_WORDS = frozenset(
    "the a an in on at by for of to from with as all under about although while when since".split()
)
_AUXILIARIES = frozenset({"aux", "auxpass"})
# Adverbs that tie a sentence to the one before it, or hedge it: a question reads better without them.
_DROPPED_ADVERBS = frozenset(
    "also thus therefore then however too hence indeed instead moreover still even simply just actually "
    "certainly".split()
)
_FULL_AUXILIARY = {"'s": "is", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would", "ca": "can", "wo": "will"}
_SHORT_FRONT = 4  # tokens; a shorter phrase before the subject reads better at the end of the question
_DO = {"VBZ": "does", "VBP": "do", "VBD": "did"}


@dataclass(frozen=True, slots=True)
class Clause:
    """The main clause of a sentence.

    Attributes:
        root: its main verb (the copula where it has one).
        subject: the head of its subject.
        moving: the auxiliary or copula that goes before the subject in a question; None where `do` must help.
    """

    root: Token
    subject: Token
    moving: Token | None

    @property
    def doc(self) -> Doc:
        """The whole sentence."""
        return self.root.doc

    @property
    def is_plural(self) -> bool:
        """Whether its subject takes a plural verb."""
        first = self.moving if self.moving is not None else self.root
        if first.tag_ in ("VBP", "VBZ"):
            return bool(first.tag_ == "VBP")
        if first.lower_ in ("was", "were"):
            return bool(first.lower_ == "were")
        has_and = any(child.dep_ == "conj" for child in self.subject.children)
        return bool(self.subject.tag_ in ("NNS", "NNPS")) or has_and

    @property
    def is_modal(self) -> bool:
        """Whether it says what can, may or will be rather than what is."""
        return self.moving is not None and bool(self.moving.tag_ == "MD")

    @property
    def is_negated(self) -> bool:
        """Whether its verb is negated."""
        return any(child.dep_ == "neg" for child in self.root.children)


def clause_of(doc: Doc) -> Clause | None:
    """Return the main clause of a sentence, or None where it isn't one plain finite statement."""
    roots = [token for token in doc if token.dep_ == "ROOT"]
    if len(roots) != 1 or roots[0].pos_ not in ("VERB", "AUX"):
        return None
    root = roots[0]
    subjects = [child for child in root.children if child.dep_ in SUBJECTS and child.i < root.i]
    if len(subjects) != 1 or subjects[0].pos_ not in ("NOUN", "PROPN") or any(t.dep_ == "expl" for t in root.children):
        return None
    helpers = [child for child in root.children if child.dep_ in _AUXILIARIES and child.i < root.i]
    moving = helpers[0] if helpers else (root if root.lemma_ == "be" else None)
    finite = moving if moving is not None else root
    if finite.tag_ not in ("VBZ", "VBP", "VBD", "MD") or finite.i < subjects[0].i:
        return None
    is_split = len(list(subjects[0].subtree)) != subjects[0].right_edge.i - subjects[0].left_edge.i + 1
    return None if is_split else Clause(root, subjects[0], moving)


def subtree(token: Token, *, without: Collection[str] = ()) -> list[Token]:
    """Return a token's subtree in order, less the subtrees of its children with these dependencies."""
    dropped: set[int] = set()
    for child in token.children:
        if child.dep_ in without:
            dropped.update(inner.i for inner in child.subtree)
    return [inner for inner in token.subtree if inner.i not in dropped]


def render(tokens: Iterable[Token]) -> str:
    """Return tokens as text, without stray punctuation at the ends."""
    text = _join([(token, token.text) for token in tokens])
    text = re.sub(r"(?:^[\s,;:.\u2014]+|[\s,;:\u2014]+\.?$)", "", text)
    return (
        text[:-1] if text.endswith(".") and not re.search(r"\b[A-Z]\.$|\b(?:Inc|Co|Jr|Sr|Corp|Ltd)\.$", text) else text
    )


def _join(pieces: list[tuple[Token, str]]) -> str:
    """Join tokens as they are to read, with a space wherever a token was left out between two of them."""
    text = ""
    for place, (token, word) in enumerate(pieces):
        follows = place + 1 < len(pieces) and pieces[place + 1][0].i == token.i + 1
        word = word.lower() if token.i == 0 and word.lower() in OPENING_WORDS else word
        text += word + (token.whitespace_ if follows and pieces[place + 1][1] != "not" else " ")
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ([,.;:)])", r"\1", re.sub(r",(?:\s*,)+", ",", text)).strip()


def upper_first(text: str) -> str:
    """Return text with a capital first letter, but for words such as `mRNA`."""
    word = text.split(" ", 1)[0]
    return text if any(letter.isupper() for letter in word[1:]) else text[:1].upper() + text[1:]


def subject_tokens(clause: Clause) -> list[Token]:
    """Return the subject with all that belongs to it."""
    return sorted(clause.subject.subtree, key=lambda token: int(token.i))


def second_clauses(clause: Clause) -> set[int]:
    """Return the indices of coordinated clauses with a subject of their own, with the words that join them."""
    found: set[int] = set()
    for child in clause.root.children:
        has_subject = any(inner.dep_ in SUBJECTS or inner.dep_ == "expl" for inner in child.children)
        if child.dep_ in ("conj", "ccomp", "parataxis") and has_subject and child.dep_ != "ccomp":
            found.update(inner.i for inner in child.subtree)
            found.update(
                inner.i for inner in clause.root.children if inner.dep_ in ("cc", "punct") and inner.i > clause.root.i
            )
    return found


def predicate_tokens(clause: Clause, without: Collection[int] = ()) -> list[Token]:
    """Return the tokens after the subject, verb included, less some and less second clauses."""
    skipped = set(without) | second_clauses(clause) | {token.i for token in clause.subject.subtree}
    start = clause.subject.right_edge.i
    return [token for token in clause.doc if token.i > start and token.i not in skipped]


def front_tokens(clause: Clause, without: Collection[int] = ()) -> list[Token]:
    """Return what stands before the subject, less some tokens and connecting adverbs."""
    first = clause.subject.left_edge.i
    kept = [token for token in clause.doc[:first] if token.i not in without]
    return [
        t for t in kept if t.dep_ != "cc" and t.lower_ not in _DROPPED_ADVERBS and not (t.is_punct and t.text in ",;:")
    ]


def invert(clause: Clause, asked: str, without: Collection[int]) -> str | None:
    """Return the question `asked` about the clause, less the tokens it asks for; None where grammar resists.

    Args:
        clause: the statement.
        asked: the question word or phrase, capitalised: `Why`, `In what year`.
        without: indices of the tokens that the answer holds.
    """
    front = front_tokens(clause, without)
    if front and any(token.dep_ in ("advcl", "ccomp", "nsubj") for token in front):
        return None
    if any(token.lower_ in _FULL_AUXILIARY for token in clause.root.children if token.dep_ in _AUXILIARIES):
        return None
    rest = [token for token in predicate_tokens(clause, without) if token.lower_ not in _DROPPED_ADVERBS]
    words = _base_forms(clause, rest)
    if words is None:
        return None
    helper = clause.moving.lower_ if clause.moving is not None else _DO[clause.root.tag_]
    subject = render(subject_tokens(clause))
    comma = "," if clause.doc[clause.subject.right_edge.i + 1].text == "," else ""
    body = f"{asked} {helper} {subject}{comma} {words}".rstrip(" ,;")
    if front and len(front) <= _SHORT_FRONT and front[0].dep_ == "prep":
        body = f"{body} {render(front)}"
    elif front:
        body = f"{upper_first(render(front))}, {body[:1].lower()}{body[1:]}"
    return re.sub(r"\s+", " ", body) + "?"


def _base_forms(clause: Clause, rest: list[Token]) -> str | None:
    """Return the predicate as it reads after the helper has moved: base verb after `do`, `not` in full."""
    pieces: list[tuple[Token, str]] = []
    for token in rest:
        if clause.moving is not None and token.i == clause.moving.i:
            continue
        text = token.text
        is_joined = token.dep_ == "conj" and token.head.i == clause.root.i and token.pos_ in ("VERB", "AUX")
        if is_joined and any(child.dep_ in _AUXILIARIES for child in token.children):
            return None
        if clause.moving is None and (token.i == clause.root.i or is_joined) and token.tag_ in _DO:
            text = token.lemma_
        elif is_joined and clause.moving is not None and token.tag_ in ("VBZ", "VBP", "VBD"):
            return None
        elif token.dep_ == "neg":
            text = "not"
        pieces.append((token, text))
    return _join(pieces).strip(" .,;:\u2014")
