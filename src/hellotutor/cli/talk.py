"""How a sitting speaks: to a person in the terminal, or to a program in JSON lines."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from rich.markup import escape
from rich.panel import Panel

from hellotutor.insights.models import SessionInsight
from hellotutor.tutoring.models import Answer, Question
from hellotutor.tutoring.services import HINT_RUNGS, self_grade
from hellotutor.tutoring.tutors.base import Kind, Verdict

from .console import emit, note, out

Hint = Callable[[], str]
_LOOKS = {
    Verdict.CORRECT: ("✓ Correct", "green"),
    Verdict.PARTIAL: ("◐ Partly correct", "yellow"),
    Verdict.INCORRECT: ("✗ Not correct", "red"),
    Verdict.UNSURE: ("? Judge it yourself", "cyan"),
    Verdict.PENDING: ("… Kept, to be graded later", "dim"),
}
_SWOT_LOOKS = (
    ("strengths", "Strengths", "green"),
    ("weaknesses", "Weaknesses", "red"),
    ("opportunities", "Opportunities", "yellow"),
    ("threats", "Threats", "magenta"),
)
_SELF_VERDICTS = {
    **dict.fromkeys(("y", "yes"), Verdict.CORRECT),
    **dict.fromkeys(("p", "partly"), Verdict.PARTIAL),
    **dict.fromkeys(("n", "no"), Verdict.INCORRECT),
}
_HINT_WORDS = {"h", "hint"}
_LEAVE_WORDS = {"q", "quit", "exit"}


class Leave(Exception):
    """The learner leaves, or the answers have come to their end; the session is kept."""


class Talk(ABC):
    """Says what a sitting has to say and reads the learner's answers.

    Args:
        script: the answers to give, one a question; None reads them from standard input.
    """

    def __init__(self, script: Sequence[str] | None) -> None:
        self._script: Iterator[str] | None = None if script is None else iter(script)

    @abstractmethod
    def show_question(self, question: Question, *, total: int) -> None:
        """Show a question; `total` is how many the session has."""

    def read_answer(self, question: Question, *, hint: Hint) -> str:
        """Return the learner's answer; in a script every line is one, also an empty line.

        Raises:
            Leave: there is no more answer.
        """
        if self._script is None:
            return self._read_line(question, hint)
        line = next(self._script, None)
        if line is None:
            raise Leave
        self.show_scripted(line)
        return line.strip()

    @abstractmethod
    def _read_line(self, question: Question, hint: Hint) -> str:
        """Return the answer from standard input, giving hints where they are asked for."""

    def _input(self) -> str:
        line = sys.stdin.readline()
        if not line:
            raise Leave
        return line.strip()

    def show_scripted(self, line: str) -> None:  # noqa: B027 - most ways to talk have nothing to show
        """Show an answer that nobody typed."""

    @abstractmethod
    def show_hint(self, question: Question, hint: str) -> None:
        """Show a hint."""

    @abstractmethod
    def show_grade(self, answer: Answer) -> None:
        """Show what the tutor thinks of an answer, with the evidence."""

    def ask_self_grade(self, answer: Answer) -> None:  # noqa: B027 - a program isn't asked
        """Let the learner judge an answer that the tutor was unsure about."""

    @abstractmethod
    def show_insights(self, insight: SessionInsight) -> None:
        """Show what the finished session showed."""

    def show_left(self, insight: SessionInsight) -> None:  # noqa: B027 - a person has seen the note
        """Show what a session showed that was left before its end."""


class JsonTalk(Talk):
    """Speaks in JSON lines; a line of standard input is an answer, but `h`, which is a hint event."""

    def _read_line(self, question: Question, hint: Hint) -> str:
        while (line := self._input()).lower() == "h":
            self.show_hint(question, hint())
        return line

    def show_question(self, question: Question, *, total: int) -> None:
        """Write a `question` event."""
        emit(
            {
                "event": "question",
                "id": str(question.public_id),
                "kind": question.kind,
                "prompt": question.prompt,
                "choices": question.choices,
            }
        )

    def show_hint(self, question: Question, hint: str) -> None:
        """Write a `hint` event."""
        emit({"event": "hint", "question_id": str(question.public_id), "hint": hint})

    def show_grade(self, answer: Answer) -> None:
        """Write a `grade` event."""
        question = answer.question
        emit(
            {
                "event": "grade",
                "question_id": str(question.public_id),
                "verdict": answer.verdict,
                "score": answer.score,
                "feedback": answer.feedback,
                "evidence": {
                    "document": question.document_title,
                    "page": question.page_number,
                    "section": question.section,
                    "quote": question.printed_quote,
                },
            }
        )

    def show_insights(self, insight: SessionInsight) -> None:
        """Write the `insights` event."""
        emit({"event": "insights", "summary": insight.summary, "swot": insight.swot})

    def show_left(self, insight: SessionInsight) -> None:
        """Write the `insights` event of what was answered."""
        self.show_insights(insight)


class TerminalTalk(Talk):
    """Speaks to a person."""

    def _read_line(self, question: Question, hint: Hint) -> str:
        while True:
            line = self._input()
            word = line.lower().strip(" .!:/")
            if word in _HINT_WORDS:
                self._give_hint(question, hint)
            elif word in _LEAVE_WORDS:
                raise Leave
            elif not line or line == "?" or word == "help":
                note("Type an answer, h for a hint, or q to leave (the session is kept).")
            elif question.choices and not _is_choice(question, line):
                note(f"Choose one of the {len(question.choices)}: type its number, its letter or its words.")
            else:
                return line

    def _give_hint(self, question: Question, hint: Hint) -> None:
        is_last = question.hints_given >= HINT_RUNGS
        self.show_hint(question, hint())
        if is_last:
            note("That was the last hint.")

    def show_question(self, question: Question, *, total: int) -> None:
        """Show the question and its choices."""
        lines = [f"[bold]{escape(question.prompt)}[/bold]"]
        lines += [f"  {number}. {escape(choice)}" for number, choice in enumerate(question.choices, start=1)]
        out.print()
        out.print(Panel("\n".join(lines), title=f"Question {question.ordinal} of {total}", title_align="left"))
        if self._script is None:
            way = "Type the number of your choice" if question.kind == Kind.MULTIPLE_CHOICE else "Type your answer"
            note(f"{way}; h for a hint, q to leave.")

    def _input(self) -> str:
        if sys.stdin.isatty():
            out.print("› ", end="")
        return super()._input()

    def show_scripted(self, line: str) -> None:
        """Show the answer of the script."""
        out.print(f"› {escape(line)}")

    def show_hint(self, question: Question, hint: str) -> None:
        """Show a hint."""
        out.print(f"[cyan]Hint:[/cyan] {escape(hint)}")

    def show_grade(self, answer: Answer) -> None:
        """Show verdict, feedback, the reference answer and the evidence."""
        question = answer.question
        title, style = _LOOKS[Verdict(answer.verdict)]
        lines = [escape(answer.feedback)] if answer.feedback else []
        if answer.verdict != Verdict.CORRECT:
            lines.append(f"[bold]Answer:[/bold] {escape(question.answer)}")
        lines.append(f"[dim]“{escape(question.printed_quote)}”\n— {escape(_where(question))}[/dim]")
        out.print(Panel("\n".join(lines), title=f"[{style}]{title}[/{style}]", title_align="left", border_style=style))

    def ask_self_grade(self, answer: Answer) -> None:
        """Ask the learner, unless the answers come from a script."""
        if self._script is not None:
            return
        note("Was it right? Compare it with the evidence: y(es), p(artly), n(o), or Enter.")
        while line := self._input().lower():
            if line in _SELF_VERDICTS:
                self_grade(answer=answer, verdict=_SELF_VERDICTS[line])
                return
            note("Type y, p or n, or nothing but Enter.")

    def show_insights(self, insight: SessionInsight) -> None:
        """Show the summary and the four lists."""
        show_insight(insight)


def _is_choice(question: Question, line: str) -> bool:
    """Say whether a line names a choice: its number, its letter or its words."""
    said = line.casefold().strip(" .)")
    if len(said) == 1:
        letters = "abcdefghij"[: len(question.choices)]
        return said in letters or (said.isdigit() and 1 <= int(said) <= len(question.choices))
    return any(said == choice.casefold().strip(" .") for choice in question.choices)


def show_insight(insight: SessionInsight) -> None:
    """Show what a session showed."""
    out.print()
    out.print(f"[bold]{escape(insight.summary)}[/bold]")
    for name, title, style in _SWOT_LOOKS:
        items = insight.swot[name]
        if items:
            out.print(f"[{style}]{title}[/{style}]")
            for item in items:
                out.print(f"  • {escape(item['text'])}")


def _where(question: Question) -> str:
    place = f"page {question.page_number}" if question.page_number else question.section
    return f"{question.document_title}, {place}" if place else question.document_title
