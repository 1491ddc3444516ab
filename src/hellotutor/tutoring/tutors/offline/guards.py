"""Stops answers that look right to a word count but don't answer: echoes, pastes, bare lists, both ways at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hellotutor.core.text import normalise
from hellotutor.tutoring.tutors.base import QuestionToGrade, Verdict
from hellotutor.tutoring.tutors.offline.key_points import stands_in
from hellotutor.tutoring.tutors.offline.opposites import are_opposite
from hellotutor.tutoring.tutors.offline.synonyms import are_near
from hellotutor.tutoring.tutors.offline.words import Word, content_of, stems_of, words_of

MAX_CHARACTERS = 2_000  # of an answer that are read; more than a page is no short answer
_LONG_WORDS = 40  # content words that an answer may always have
_LONG_RATIO = 4  # content words that it may have for each of the reference
_PASTE_EXTRA_WORDS = 8  # content words beside a pasted quote that are still an answer around it
_LIST_WORDS = 3  # content words from which a run without any little word is a list of terms
_SALAD_WORDS = 5  # the same where the question asks for no explanation
_LIST_CLAUSES = 2
_KINDRED_WORDS = 3  # matching words from which misspelling is more than a slip
_ARTICLES = frozenset({"a", "an", "the"})
_JOINING = frozenset({"or", "and"})
_TAKES_BACK = re.compile(
    r"\b(?:that|this|it|which)(?:'s| is| was|) ?(?:not|n't) (?:true|right|so|correct|the case)\b"
    r"|\b(?:is|are) (?:false|wrong|untrue)\b|\bopposite of\b|\banything but\b|\bjust kidding\b"
)
_EXPLAIN = re.compile(r"\b(why|how(?! (?:many|much|long|old|far|often|big|large))|explain|describe)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an answer can't have full credit.

    Attributes:
        best: the best verdict that it may still have.
        reason: a sentence for the learner.
    """

    best: Verdict
    reason: str


def object_to(question: QuestionToGrade, answer: str) -> Objection | None:
    """Return what stands against full credit for a short answer whatever its words cover, or None.

    Args:
        question: a short-answer question.
        answer: what the learner wrote, whole.
    """
    if not any(character.isalnum() for character in answer):
        return Objection(Verdict.INCORRECT, "You didn't write an answer yet.")
    is_cut = len(answer) > MAX_CHARACTERS
    prompt, reference, given = (words_of(text) for text in (question.prompt, question.answer, answer[:MAX_CHARACTERS]))
    if _is_echo(prompt, reference, given):
        return Objection(Verdict.INCORRECT, "You repeat the question rather than answer it.")
    if is_cut or _is_long(reference, given) or _is_paste(question.quote, answer):
        return Objection(
            Verdict.UNSURE, "Your answer holds much more than was asked, so what you mean is hard to tell."
        )
    if _is_mostly_misspelt(reference, given):
        return Objection(Verdict.UNSURE, "Too many words are spelt otherwise than in the text to be sure of them.")
    least = _LIST_WORDS if _EXPLAIN.search(question.prompt) else _SALAD_WORDS
    if len(given) >= least and not _is_enumeration(reference) and _is_bare_list(reference, given):
        return Objection(Verdict.PARTIAL, "You name the terms; say in a sentence how they hang together.")
    if _TAKES_BACK.search(answer.lower()) and not _TAKES_BACK.search(question.answer.lower()):
        return Objection(Verdict.UNSURE, "You seem to take back what you say.")
    if _is_both_ways(reference, given):
        return Objection(Verdict.UNSURE, "You give two opposite answers.")
    return None


def _is_echo(prompt: Sequence[Word], reference: Sequence[Word], given: Sequence[Word]) -> bool:
    asked, own = stems_of(prompt), stems_of(given)
    return bool(own) and own <= asked and not stems_of(reference) <= asked


def _is_long(reference: Sequence[Word], given: Sequence[Word]) -> bool:
    return len(content_of(given)) > max(_LONG_WORDS, _LONG_RATIO * len(content_of(reference)))


def _is_paste(quote: str, answer: str) -> bool:
    """Say whether the quote stands whole in the answer among much else."""
    pasted, written = normalise(quote).text, normalise(answer).text
    if not pasted or pasted not in written:
        return False
    return len(content_of(words_of(written))) > len(content_of(words_of(pasted))) + _PASTE_EXTRA_WORDS


def _is_bare_list(reference: Sequence[Word], given: Sequence[Word]) -> bool:
    """Say whether an answer is terms with no little word among them, and no phrase of the reference either."""
    terms, width = content_of(given), len(given)
    if len(terms) < width:
        return False
    told = [word for word in reference if word.text not in _ARTICLES]
    runs = (told[at : at + width] for at in range(len(told) - width + 1))
    return not any(all(are_near(a.stem, b.stem) for a, b in zip(run, terms, strict=True)) for run in runs)


def _is_enumeration(reference: Sequence[Word]) -> bool:
    """Say whether a reference is a list itself (commas between its terms), for which a list is the answer."""
    return len({word.clause for word in reference}) > _LIST_CLAUSES


def _is_mostly_misspelt(reference: Sequence[Word], given: Sequence[Word]) -> bool:
    """Say whether more of what matches does so by a slip than as it is: another language with kindred words."""
    own = content_of(given)
    found = [word for word in content_of(reference) if stands_in(word, own)]
    exact = [word for word in found if any(are_near(word.stem, other.stem) for other in own)]
    return len(found) >= _KINDRED_WORDS and len(exact) < len(found) / 2


def _is_both_ways(reference: Sequence[Word], given: Sequence[Word]) -> bool:
    """Say whether an answer joins two opposites of which the reference holds one."""
    expected = stems_of(reference)
    for at, word in enumerate(given):
        sides = {side.stem for side in (*content_of(given[:at])[-1:], *content_of(given[at + 1 :])[:1])}
        if word.text in _JOINING and len(sides & expected) == 1 and _are_two_opposites(sides):
            return True
    return False


def _are_two_opposites(stems: set[str]) -> bool:
    return any(are_opposite(one, other) for one in stems for other in stems)
