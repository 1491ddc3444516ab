"""What question patterns share: a parsed sentence with its document, and a question before it has its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Kind
from hellotutor.tutoring.tutors.offline.references import Reader
from hellotutor.tutoring.tutors.offline.salience import Salience
from hellotutor.tutoring.tutors.offline.syntax import Clause

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_BARE = frozenset({"det", "poss", "predet"})


@dataclass(frozen=True, slots=True)
class Material:
    """A parsed sentence and the document it came from."""

    clause: Clause
    salience: Salience
    reader: Reader

    @property
    def is_essay(self) -> bool:
        """Whether the document argues and narrates in the first person."""
        return self.reader.is_essay

    @property
    def doc(self) -> Doc:
        """The parsed sentence."""
        return self.clause.doc

    def weight_of(self, token: Token) -> float:
        """Return the salience of a noun with its modifiers, in [0, 1]."""
        return self.salience.of_words(name_of(token).lower().split())


@dataclass(frozen=True, slots=True)
class Sketch:
    """A question as a pattern wrote it.

    Attributes:
        quality: how good questions of this pattern are, in [0, 1], before what the words themselves tell.
        key: for multiple choice, the token at the head of the right choice.
    """

    kind: Kind
    prompt: str
    answer: str
    key_points: tuple[str, ...]
    concept: str
    quality: float
    key: Token | None = None


def name_of(noun: Token) -> str:
    """Return a noun with the modifiers before it, without its determiner."""
    kept = [
        token
        for token in noun.subtree
        if noun.left_edge.i <= token.i <= noun.i and not _is_under(token, noun, _BARE) and not token.is_punct
    ]
    joined = "".join(token.text_with_ws for token in noun.doc[kept[0].i : noun.i + 1]) if kept else noun.text
    return joined.strip()


def _is_under(token: Token, top: Token, deps: frozenset[str]) -> bool:
    while token.i != top.i:
        if token.dep_ in deps and token.head.i == top.i:
            return True
        token = token.head
    return False


def is_simple(noun: Token, most: int = 5) -> bool:
    """Say whether a noun phrase is a name for something: short, with no clause, list or apposition in it."""
    tokens = list(noun.subtree)
    return len(tokens) <= most and all(t.dep_ not in ("relcl", "acl", "conj", "appos", "advcl") for t in tokens)


def count_content(tokens: Iterable[Token]) -> int:
    """Return how many of the tokens carry content."""
    return sum(t.pos_ in ("NOUN", "PROPN", "VERB", "ADJ", "NUM") and not t.is_stop for t in tokens)
