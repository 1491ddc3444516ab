"""The SWOT of a session, counted from its answers and from nothing else.

* strengths: answered correctly without a hint;
* weaknesses: answered incorrectly, or not at all;
* opportunities: nearly there: partly correct, or correct with hints;
* threats: what may go wrong next: a section where most was missed, and answers that nobody has judged yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hellotutor.tutoring.models import Answer, Question
from hellotutor.tutoring.tutors.base import Verdict

_SECTION_LEAST_QUESTIONS = 2


@dataclass(frozen=True, slots=True)
class Swot:
    """Four lists of items {text, concept, evidence}, and the counts they came from."""

    strengths: list[dict[str, Any]]
    weaknesses: list[dict[str, Any]]
    opportunities: list[dict[str, Any]]
    threats: list[dict[str, Any]]

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return the four lists by name."""
        return {
            "strengths": self.strengths,
            "weaknesses": self.weaknesses,
            "opportunities": self.opportunities,
            "threats": self.threats,
        }


def compute_swot(answers: Sequence[Answer]) -> Swot:
    """Count the SWOT from the last answer to each question."""
    by_list: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for answer in answers:
        name, text = _place(answer)
        by_list[name].append(_item(text, answer.question.concept, [answer]))
    return Swot(
        strengths=by_list["strengths"],
        weaknesses=by_list["weaknesses"],
        opportunities=by_list["opportunities"],
        threats=[*_weak_sections(answers), *by_list["threats"]],
    )


def _place(answer: Answer) -> tuple[str, str]:
    concept, where, hints = answer.question.concept, locate_in_words(answer.question), answer.hints_used
    verdict = answer.final_verdict
    if verdict is Verdict.CORRECT and not hints:
        return "strengths", f"You know “{concept}”: answered correctly without a hint."
    if verdict is Verdict.CORRECT:
        return "opportunities", f"You got “{concept}” with {hints} hint{'s' * (hints > 1)}: try it again without."
    if verdict is Verdict.PARTIAL:
        missing = "; ".join(answer.missing)
        return "opportunities", f"You know part of “{concept}”" + (f"; still missing: {missing}." if missing else ".")
    if verdict is Verdict.INCORRECT:
        return "weaknesses", f"“{concept}” needs another look: read {where} again."
    return "threats", f"Your answer on “{concept}” hasn't been judged: compare it with {where} yourself."


def _weak_sections(answers: Sequence[Answer]) -> Iterable[dict[str, Any]]:
    sections: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.question.section:
            sections[answer.question.section].append(answer)
    for section, asked in sections.items():
        missed = [answer for answer in asked if answer.final_verdict is Verdict.INCORRECT]
        if len(asked) >= _SECTION_LEAST_QUESTIONS and 2 * len(missed) > len(asked):
            text = f"Most of “{section}” was missed ({len(missed)} of {len(asked)}): what builds on it will be hard."
            yield _item(text, section, missed)


def _item(text: str, concept: str, answers: Sequence[Answer]) -> dict[str, Any]:
    return {"text": text, "concept": concept, "evidence": [_evidence(answer) for answer in answers]}


def _evidence(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "question_id": str(question.public_id),
        "verdict": answer.final_verdict.value,
        "document": question.document_title,
        "page": question.page_number,
        "section": question.section,
        "quote": question.printed_quote,
    }


def locate_in_words(question: Question) -> str:
    """Say where a question's evidence stands: its page, else its section, else its document."""
    if question.page_number:
        return f"page {question.page_number}"
    return f"“{question.section}”" if question.section else question.document_title
