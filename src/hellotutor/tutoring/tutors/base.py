"""The Tutor port: what writes questions, grades answers, gives hints and replies, always from evidence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of question."""

    SHORT_ANSWER = "short_answer"
    MULTIPLE_CHOICE = "multiple_choice"
    CLOZE = "cloze"


class Verdict(StrEnum):
    """What a grade says; see DESIGN, "Words with one meaning"."""

    CORRECT = "correct"
    PARTIAL = "partial"
    INCORRECT = "incorrect"
    UNSURE = "unsure"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage as a tutor sees it.

    Attributes:
        passage_id: database id of the passage.
        ordinal: its place in its document version, from 0.
        document: title of the document.
        version_id: database id of the document version.
        text: normalised text.
        sentences: [start, end) offsets of its sentences in `text`.
        heading_path: headings above it, outermost first.
        page: 1-based physical page on which it starts, or None.
        position: where in its document it starts, in [0, 1).
        on_one_page: for each sentence, whether it stands on one page (only then may it be quoted as evidence).
    """

    passage_id: int
    ordinal: int
    document: str
    version_id: int
    text: str
    sentences: tuple[tuple[int, int], ...]
    heading_path: tuple[str, ...]
    page: int | None
    position: float
    on_one_page: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The exact quote that supports an answer: `text[start:end]` of a passage."""

    excerpt: Excerpt
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The quoted words."""
        return self.excerpt.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class DraftQuestion:
    """A question as a tutor wrote it.

    Attributes:
        prompt: what the learner reads; for a cloze it holds one `_____`.
        answer: the reference answer; for multiple choice, one of `choices`.
        key_points: what an answer must say, each a phrase of the answer; never empty.
        choices: shown options, empty unless multiple choice.
        concept: the term that the question is about.
        difficulty: in [0, 1].
    """

    kind: Kind
    prompt: str
    answer: str
    key_points: tuple[str, ...]
    evidence: Evidence
    concept: str
    difficulty: float = 0.5
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionToGrade:
    """What a tutor needs to grade an answer or give a hint: the snapshot kept with the question."""

    kind: Kind
    prompt: str
    answer: str
    key_points: tuple[str, ...]
    quote: str
    choices: tuple[str, ...] = ()
    page: int | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a tutor thinks of an answer.

    Attributes:
        score: in [0, 1].
        feedback: sentences for the learner.
        right: key points that the answer covers.
        missing: key points that it doesn't.
    """

    verdict: Verdict
    score: float
    feedback: str
    right: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a learner's question, made of cited sentences.

    Attributes:
        text: what the learner reads.
        grounded: False when the documents don't answer the question; then there is no citation.
        citations: the evidence of each sentence, in order.
    """

    text: str
    grounded: bool
    citations: tuple[Evidence, ...] = ()


class Tutor(ABC):
    """Writes, grades, hints and replies. Nothing it says may go beyond the excerpts it is given."""

    name: str

    @abstractmethod
    def write_questions(
        self, excerpts: Sequence[Excerpt], count: int, *, avoid: Collection[str] = (), seed: int = 0
    ) -> Iterator[DraftQuestion]:
        """Yield up to `count` questions from different places, in the order of the document, best first in each place.

        Args:
            excerpts: the passages in scope, in the order of their documents.
            count: 1 to 100; fewer are written when the text doesn't hold as many fair ones.
            avoid: quotes (normalised) already asked about; their sentences are not asked about again.
            seed: the same seed over the same excerpts writes the same questions.
        """

    @abstractmethod
    def grade(self, question: QuestionToGrade, answer: str) -> Grade:
        """Grade a learner's answer. An empty answer is incorrect, never an error."""

    @abstractmethod
    def hint(self, question: QuestionToGrade, rung: int) -> str:
        """Return the hint of a rung: 0 a nudge, 1 a part, 2 the page; rungs 0 and 1 never give the answer."""

    @abstractmethod
    def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
        """Reply to a question from these excerpts, best first, or say that they don't answer it."""
