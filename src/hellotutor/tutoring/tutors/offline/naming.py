"""Whether the word that opens a sentence keeps its capital inside a question: only a name or an acronym does."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from hellotutor.tutoring.tutors.offline.salience import Salience
from hellotutor.tutoring.tutors.offline.syntax import OPENING_WORDS

if TYPE_CHECKING:
    from spacy.tokens import Doc

_OPENING = re.compile(r"[A-Za-z][A-Za-z'-]*")
_TITLED = re.compile(r"(?!(?:An?|The|In|On|At|By|For|Of|To|From|With|As|All|Under) )[A-Z][a-z-]+ [A-Z]")
_SINGLE_LETTER = re.compile(r"[A-Z]\b(?!')")
# The ending of a word that is hardly a name, whatever the parser sees in its capital.
_COMMON_ENDING = re.compile(r"(?:ogy|ion|sis|ing|ism|ity|ment|nce|ase|phy|ers|ors)$")
_NAMES = frozenset({"PERSON", "GPE", "LOC", "NORP", "ORG", "FAC", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE", "PRODUCT"})


class Case(Enum):
    """The case of a sentence's first word within a sentence."""

    KEPT = auto()
    LOWER = auto()
    OPEN = auto()


def case_of(sentence: str, salience: Salience) -> Case:
    """Return how a sentence's first word is written within a sentence, by how the document writes it elsewhere."""
    opening = _OPENING.match(sentence)
    if opening is None or opening.group().lower() in OPENING_WORDS:
        return Case.KEPT
    if _TITLED.match(sentence) or _SINGLE_LETTER.match(sentence):
        return Case.KEPT
    is_name = salience.is_name(opening.group())
    if is_name is None:
        return Case.LOWER if _COMMON_ENDING.search(opening.group()) else Case.OPEN
    return Case.KEPT if is_name else Case.LOWER


def opens_with_name(doc: Doc) -> bool:
    """Say whether the parser takes a sentence's first word for a name, by its tag and as an entity."""
    return doc[0].tag_ in ("NNP", "NNPS") and doc[0].ent_type_ in _NAMES


def lower_first(text: str) -> str:
    """Return text with a small first letter."""
    return text[:1].lower() + text[1:]
