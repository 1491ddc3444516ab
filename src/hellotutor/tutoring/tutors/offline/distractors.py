"""Wrong choices for a multiple-choice question: terms of the same document, of the key's type, form and number."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.base import Excerpt
from hellotutor.tutoring.tutors.offline.definitions import is_person
from hellotutor.tutoring.tutors.offline.parser import Parser
from hellotutor.tutoring.tutors.offline.salience import GENERAL, Salience
from hellotutor.tutoring.tutors.offline.sketches import name_of
from hellotutor.tutoring.tutors.offline.words import stems_of, words_of

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

COUNT = 3
_NEAR_PASSAGES = 3  # a term this close to the evidence may share its truth
_SHORT_TEXT = 60  # passages; there only the neighbours are ruled out
_TRIED_MOST = 40
_PAIRED_STEMS_SHARE = 0.5
_TERM = re.compile(
    r"\b(?:called|known as|termed) (?:an? |the )?(?P<called>[a-z][\w-]+(?: [a-z][\w-]+)?)"
    r"(?=[,.;)]| (?:and|which|that|is|are|in|of)\b)"
    r"|(?:^|[.] )(?:An? |The )?(?P<subject>[A-Z][\w-]+(?: [a-z][\w-]+)?) (?:is|are) (?:an?|the|[a-z]+s)\b"
    r"|(?<=[a-z,] )(?P<proper>[A-Z][\w'.-]*[\w](?: (?:of (?:the )?)?[A-Z][\w.-]+){0,3})"
)
_NOT_NAMES = frozenset(
    "the this these those that it its they their he his she her we our i my you an in on at of for if other such one "
    "some many most all each both another current similar next several only every any no not when what there".split()
)
# What a noun's ending says it names: two terms of one class are alike enough to be mistaken for each other.
_CLASSES = (
    (re.compile(r"(?:tion|sion|[sx]is|ing|ment|ance|ence|ysis)$"), "process"),
    (re.compile(r"(?:logy|phy|ics|nomy)$"), "field"),
    (re.compile(r"(?:ase|gen|ose|oid|ine|ide|[^a]in)$"), "substance"),
    (re.compile(r"(?:cyte|blast|phage|phyll|plast|some)$"), "body"),
    (re.compile(r"(?:ism|ity|ship|ness)$"), "quality"),
)


@dataclass(frozen=True, slots=True)
class _Term:
    """A term with one sentence that holds it."""

    text: str
    ordinal: int
    sentence: str


class Distractors:
    """The terms of one document, and the choosing of three that aren't true."""

    def __init__(self, excerpts: Sequence[Excerpt], salience: Salience, parser: Parser) -> None:
        self._excerpts = excerpts
        self._salience = salience
        self._parser = parser
        self._terms: dict[str, list[_Term]] = {}
        self._lowered: list[str] = []

    def choose(self, key: Token, answer: str, prompt: str, index: int, rng: random.Random) -> tuple[str, ...]:
        """Return three wrong choices in the form of `answer`, or none where three fair ones can't be found.

        Args:
            key: the head of the right answer in its parsed sentence.
            answer: the right answer as it is shown.
            prompt: the question.
            index: the evidence's place among the excerpts.
            rng: shuffles terms that stand about as far from the evidence.
        """
        if not self._lowered:
            self._collect()
        if key.ent_type_ == "PERSON" and any(c.dep_ == "attr" and not is_person(c) for c in key.head.children):
            return ()
        is_proper = key.text[:1].isupper()
        candidates = [t for t in self._candidates(answer, is_proper) if self._is_apart(t, prompt, answer, index)]
        candidates.sort(key=lambda term: self._distance(term, answer, index, rng))
        chosen: list[str] = []
        for term in self._fitting(candidates[:_TRIED_MOST], key):
            text = _dress(term.text, answer, is_proper=is_proper)
            is_alike = any(stems_of(words_of(text)) & stems_of(words_of(other)) for other in chosen)
            is_right = _is_true_too(term.text, prompt, self._lowered) or _is_other_name(
                term.text, answer, self._lowered
            )
            if not is_alike and not is_right:
                chosen.append(text)
            if len(chosen) == COUNT:
                return tuple(chosen)
        return ()

    def _fitting(self, terms: Sequence[_Term], key: Token) -> Iterator[_Term]:
        """Yield the terms that fit the key's type, best first."""
        fits: list[tuple[float, int, _Term]] = []
        parsed = self._parser.parse([term.sentence for term in terms])
        for place, (term, doc) in enumerate(zip(terms, parsed, strict=True)):
            head = _head_in(doc, term.text)
            if (
                head is not None
                and _is_same_type(head, key)
                and (head.text.islower() or _has_article(head) == _has_article(key))
            ):
                fits.append((-_fit(head, key), place, term))
        is_plain = key.text[:1].isupper() or not (_ending(key.lower_) or _genus(key))
        least = 0.5 if is_plain else 1.0
        yield from (term for fit, _, term in sorted(fits, key=lambda one: one[:2]) if -fit >= least)

    def _distance(self, term: _Term, answer: str, index: int, rng: random.Random) -> float:
        """Return how far a term stands from the evidence, in passages; another ending counts as further."""
        other_ending = _ending(_undressed(answer)) != _ending(term.text)
        return abs(term.ordinal - index) + 300 * other_ending + 100 * rng.random()

    def _collect(self) -> None:
        found: dict[str, list[_Term]] = {}
        for index, excerpt in enumerate(self._excerpts):
            self._lowered.append(excerpt.text.lower())
            for match in _TERM.finditer(excerpt.text):
                text = match.group(match.lastgroup or 0)
                is_name = match.lastgroup == "proper" or self._salience.is_name(text.split()[0])
                text = text if is_name else text[:1].lower() + text[1:]
                if text.split()[0].lower() not in _NOT_NAMES:
                    found.setdefault(text, []).append(_Term(text, index, _sentence_around(excerpt, match.end())))
        self._terms = found

    def _candidates(self, answer: str, is_proper: bool) -> list[_Term]:
        bare = _undressed(answer)
        picked = []
        for text, places in self._terms.items():
            is_known = len(places) >= 2 if is_proper else self._salience.of_text(text) > 0.25
            is_general = any(word in GENERAL for word in text.lower().split())
            if is_known and not is_general and _has_form(text, bare, is_proper) and self._is_cased(text, is_proper):
                picked.append(places[len(places) // 2])
        return picked

    def _is_cased(self, text: str, is_proper: bool) -> bool:
        return text[:1].isupper() == is_proper and (
            not is_proper or all(map(self._salience.is_name, text.split()[::3]))
        )

    def _is_apart(self, term: _Term, prompt: str, answer: str, index: int) -> bool:
        stems = stems_of(words_of(term.text))
        if not stems or stems & (stems_of(words_of(answer)) | stems_of(words_of(prompt))):
            return False
        reach = _NEAR_PASSAGES if len(self._lowered) > _SHORT_TEXT else 1
        near = self._lowered[max(0, index - reach) : index + reach + 1]
        return all(term.text.lower() not in text for text in near)


def _has_form(text: str, bare: str, is_proper: bool) -> bool:
    """Whether two terms look alike: words, length, and for names whether they are acronyms."""
    words = abs(text.count(" ") - bare.count(" "))
    if is_proper:
        return words == 0 and text.isupper() == bare.isupper() and len(text) <= 2.5 * len(bare) + 4
    return words <= 1 and 0.4 * len(bare) <= len(text) <= 2.2 * len(bare) + 2


def _sentence_around(excerpt: Excerpt, offset: int) -> str:
    for start, end in excerpt.sentences:
        if start < offset <= end:
            return excerpt.text[start:end]
    return excerpt.text


def _head_in(doc: Doc, text: str) -> Token | None:
    """Return the head of a term in its sentence, where the term is a whole noun phrase there."""
    last = text.split()[-1].lower()
    for token in doc:
        if token.lower_ == last and token.pos_ in ("NOUN", "PROPN"):
            return token if name_of(token).lower() == text.lower() else None
    return None


def _is_same_type(head: Token, key: Token) -> bool:
    """Same number, same kind of name, and for names the same kind of bearer."""
    if (head.tag_ in ("NNS", "NNPS")) != (key.tag_ in ("NNS", "NNPS")) or head.dep_ == "compound":
        return False
    if key.text[:1].isupper():
        return bool(head.ent_type_ == key.ent_type_ != "")
    return True


def _fit(head: Token, key: Token) -> float:
    """Return how alike two terms are in what they are: the same genus, the same ending, the same article."""
    same_genus = _genus(head) == _genus(key) != ""
    same_ending = _ending(head.lower_) == _ending(key.lower_) != ""
    same_article = _has_article(head) == _has_article(key)
    return 2.0 * same_genus + 1.0 * same_ending + 0.5 * same_article


def _genus(head: Token) -> str:
    """Return what a sentence says a thing is: the `process` of `osmosis is a process`."""
    if head.dep_ == "nsubj" and head.head.lemma_ == "be":
        return next((child.lemma_ for child in head.head.children if child.dep_ == "attr"), "")
    if head.dep_ == "oprd" and head.head.dep_ == "acl":
        return str(head.head.head.lemma_)
    if head.dep_ == "oprd":
        return next((str(child.lemma_) for child in head.head.children if child.dep_ == "nsubjpass"), "")
    return ""


def _has_article(head: Token) -> bool:
    return any(child.dep_ == "det" for child in head.children)


def _ending(term: str) -> str:
    """Return the class that a term's ending puts it in, or nothing."""
    word = term.split()[-1].lower()
    word = word if word.endswith(("sis", "xis", "ics", "ss")) else word.removesuffix("s")
    return next((name for pattern, name in _CLASSES if pattern.search(word)), "")


def _is_true_too(term: str, prompt: str, passages: Sequence[str]) -> bool:
    """Whether some passage that holds the term also holds much of what the question says."""
    asked = stems_of(words_of(prompt))
    term = term.lower()
    most = _PAIRED_STEMS_SHARE * len(asked)
    return any(term in passage and sum(stem in passage for stem in asked) > most for passage in passages)


def _is_other_name(term: str, answer: str, passages: Sequence[str]) -> bool:
    """Whether some passage gives the term as another name of the right answer, or the other way round."""
    one, other = re.escape(term.lower()), re.escape(_undressed(answer).lower())
    link = r"\W+(?:\w+\W+){0,4}?(?:called|as|or|termed|is|are)\W+(?:an? |the )?"
    names = re.compile(rf"{one}{link}{other}|{other}{link}{one}|{one} \({other}|{other} \({one}")
    plain = _undressed(answer).lower()
    return any(term.lower() in passage and plain in passage and names.search(passage) for passage in passages)


def _undressed(answer: str) -> str:
    return re.sub(r"^(?:an?|the) ", "", answer, flags=re.IGNORECASE)


def _dress(term: str, answer: str, *, is_proper: bool) -> str:
    """Give a term the article and capital of the right answer."""
    article = re.match(r"(?:an?|the) ", answer, re.IGNORECASE)
    if article and not is_proper:
        word = article.group().strip().lower()
        word = word if word == "the" else ("an" if term[:1].lower() in "aeiou" else "a")
        term = f"{word} {term}"
    elif article and article.group().lower() == "the " and is_proper:
        term = f"the {term}"
    return term[:1].upper() + term[1:] if answer[:1].isupper() else term
