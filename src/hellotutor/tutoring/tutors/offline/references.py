"""Whether words can be understood away from their page: no pronoun or definite noun without its referent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.salience import GENERAL

if TYPE_CHECKING:
    from spacy.tokens import Token

_UNIQUE = frozenset(
    "internet web world earth sun moon universe ocean atmosphere environment constitution supreme public government "
    "united president senate house bible renaissance equator north south east west past future present".split()
)
_ANY_OF_MANY = frozenset(
    "organism species population molecule animal compound substance researcher scientist student".split()
)
_RESTRICTING = frozenset({"relcl", "acl", "nummod", "appos", "poss"})
_RESTRICTING_PREPOSITIONS = frozenset({"of", "for", "between", "to", "in", "on", "at", "from", "against"})
_RELATIVE = frozenset("other others same latter former such another similar additional previous next new said".split())
_ESSAY_SHARE = 0.04
_FIRST_PERSON = re.compile(r"\b(?:I|my|me)\b")


class Reader:
    """A reader who knows the document, but doesn't see the page."""

    def __init__(self, excerpts: Sequence[Excerpt]) -> None:
        self._text = "\n".join(excerpt.text for excerpt in excerpts).lower()
        step = max(1, len(excerpts) // 400)
        sample = excerpts[::step]
        personal = sum(bool(_FIRST_PERSON.search(excerpt.text)) for excerpt in sample)
        self.is_essay = personal > _ESSAY_SHARE * max(1, len(sample))
        self._known: dict[str, int] = {}

    def understands(self, asked: Sequence[Token], told: Sequence[Token] = ()) -> bool:
        """Say whether these words, taken out of their sentence in this order, leave nothing to ask.

        Args:
            asked: what the question says; strictly looked at.
            told: what the answer says after it; a definite noun may stand there without its referent.
        """
        seen: list[Token] = []
        strict = {token.i for token in asked}
        for token in [*asked, *told]:
            is_definite = token.dep_ == "det" and token.lower_ == "the"
            if not (is_definite and token.i not in strict) and not self._is_clear(token, seen):
                return False
            if token.pos_ in ("NOUN", "PROPN"):
                seen.append(token)
        return True

    def occurrences(self, phrase: str) -> int:
        """Return how often a phrase stands in the document, case aside."""
        phrase = phrase.lower()
        if phrase not in self._known:
            self._known[phrase] = self._text.count(phrase)
        return self._known[phrase]

    def _is_clear(self, token: Token, seen: list[Token]) -> bool:
        if token.tag_ in ("PRP", "PRP$"):
            return _has_antecedent(token, seen)
        if token.tag_ == "DT" and token.lower_ in ("this", "that", "these", "those"):
            return token.dep_ == "mark" or (
                token.dep_ != "det" and any(c.dep_ in ("relcl", "prep", "acl") for c in token.children)
            )
        if token.lower_ in _RELATIVE and token.dep_ in ("amod", "det", "nsubj", "dobj", "pobj"):
            return (
                token.lower_ in ("new", "other", "additional", "similar", "next")
                and token.dep_ == "amod"
                and self._is_list_end(token)
            )
        if token.dep_ == "det" and token.lower_ == "the":
            return self._is_definite(token.head, seen)
        return True

    def _is_list_end(self, token: Token) -> bool:
        """Nothing to look up after a list or where a word only describes: `and other proteins`, `new cells`."""
        return token.lower_ == "new" or token.head.dep_ == "conj" or any(c.dep_ == "prep" for c in token.head.children)

    def _is_definite(self, noun: Token, seen: list[Token]) -> bool:
        """Say whether `the noun` names something by itself."""
        children = list(noun.children)
        if noun.pos_ == "PROPN" or noun.lower_ in _UNIQUE or noun.lower_ != noun.text or noun.pos_ == "ADJ":
            return True
        if any(child.dep_ in _RESTRICTING for child in children) or any(
            earlier.lemma_ == noun.lemma_ for earlier in seen
        ):
            return True
        if any(child.dep_ == "prep" and child.lower_ in _RESTRICTING_PREPOSITIONS for child in children):
            return True
        if any(
            child.dep_ in ("amod", "compound") and (child.tag_ == "JJS" or child.lower_ in _UNIQUE)
            for child in children
        ):
            return True
        modifiers = [child.text for child in children if child.dep_ in ("amod", "compound") and child.i < noun.i]
        if modifiers:
            return (
                any(c.pos_ == "PROPN" for c in children)
                or self.occurrences("the " + " ".join([*modifiers, noun.text])) >= 4
            )
        return (
            not self.is_essay
            and noun.lower_ not in GENERAL | _ANY_OF_MANY
            and self.occurrences(f"the {noun.lower_} ") >= 40
            and self.occurrences(f" a {noun.lower_} ") < 200
        )


def _has_antecedent(pronoun: Token, seen: list[Token]) -> bool:
    if pronoun.lower_ in ("i", "we", "you", "me", "us", "my", "our", "your"):
        return False
    if pronoun.lower_ in ("he", "she", "his", "her", "him"):
        return any(token.pos_ == "PROPN" for token in seen)
    if pronoun.tag_ == "PRP" and not pronoun.lower_.endswith(("self", "selves")) and pronoun.dep_ in ("dobj", "pobj"):
        verb = pronoun.head if pronoun.dep_ == "dobj" else pronoun.head.head
        seen = [token for token in seen if token.head.i != verb.i or token.dep_ != "nsubj"]
    is_plural = pronoun.lower_ in ("they", "them", "their", "theirs", "themselves")
    if pronoun.lower_ == "it" and not seen:
        return False
    return any((token.tag_ in ("NNS", "NNPS")) == is_plural or (is_plural and _is_joined(token)) for token in seen)


def _is_joined(token: Token) -> bool:
    return token.dep_ == "conj" or any(child.dep_ == "conj" for child in token.children)
