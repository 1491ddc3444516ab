"""The tutor that needs no network: extractive, from the words on the page and two small local models."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Embedder
from hellotutor.monitoring import capture, catalogue
from hellotutor.tutoring.tutors.base import DraftQuestion, Excerpt, Grade, QuestionToGrade, Reply, Tutor

from .grading import OfflineGrader
from .hints import hint
from .parser import Parser
from .replies import Replier
from .writer import QuestionWriter

_Made = TypeVar("_Made")
_RETRY_AFTER_S = 300.0  # a failed embedder is asked again; until then words do, and nobody waits for it


class OfflineTutor(Tutor):
    """Writes, grades, hints and replies with no key, no account and no network.

    Args:
        embedder: tells synonyms; without one, or for five minutes after it failed, words alone are compared.
        monotonic: a clock in seconds.
    """

    name = "offline-1"

    def __init__(self, embedder: Embedder | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._embedder = embedder
        self._monotonic = monotonic
        self._try_again_at = 0.0
        self._writer = QuestionWriter(Parser())

    def write_questions(
        self, excerpts: Sequence[Excerpt], count: int, *, avoid: Collection[str] = (), seed: int = 0
    ) -> Iterator[DraftQuestion]:
        """Yield questions; see `Tutor.write_questions`."""
        return self._writer.write_questions(excerpts, count, avoid=avoid, seed=seed)

    def grade(self, question: QuestionToGrade, answer: str) -> Grade:
        """Grade an answer; see `Tutor.grade`."""
        return self._with_embedder(lambda embedder: OfflineGrader(embedder).grade(question, answer))

    def hint(self, question: QuestionToGrade, rung: int) -> str:
        """Return a hint; see `Tutor.hint`."""
        return hint(question, rung)

    def reply(self, message: str, excerpts: Sequence[Excerpt]) -> Reply:
        """Reply from the excerpts; see `Tutor.reply`."""
        return self._with_embedder(lambda embedder: Replier(embedder).reply(message, excerpts))

    def _with_embedder(self, make: Callable[[Embedder | None], _Made]) -> _Made:
        """Make something with the embedder; when that fails, it is captured and words do for a while."""
        if self._embedder is None or self._monotonic() < self._try_again_at:
            return make(None)
        try:
            return make(self._embedder)
        except Unavailable as error:
            capture(catalogue.EMBEDDER_EMBED, error)
            self._try_again_at = self._monotonic() + _RETRY_AFTER_S
            return make(None)
