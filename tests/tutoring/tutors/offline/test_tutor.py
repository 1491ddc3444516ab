"""The offline tutor when its embedder fails: it goes on by words alone, and asks the embedder no more."""

from __future__ import annotations

from collections.abc import Sequence

from tests.tutoring.tutors.offline.book import excerpts_of
from tests.tutoring.tutors.offline.learner_answers import HOMEOSTASIS

from hellotutor.core.errors import Unavailable
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.hashing import HashingEmbedder
from hellotutor.tutoring.tutors.offline.tutor import OfflineTutor

QUESTION = "Why do leaves look green?"
ANSWER = "an organism keeps the conditions within it steady"


class FailingEmbedder(HashingEmbedder):
    """Named as the one whose cosines are trusted, and without its model."""

    name = "minilm/all-MiniLM-L6-v2"

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        self.asked += 1
        raise Unavailable("model_missing", "The model is not there.")


def test_it_still_replies() -> None:
    embedder = FailingEmbedder()
    reply = OfflineTutor(embedder).reply(QUESTION, excerpts_of())
    assert embedder.asked == 1
    assert reply.grounded
    assert reply == OfflineTutor(None).reply(QUESTION, excerpts_of())


def test_it_still_grades() -> None:
    embedder = FailingEmbedder()
    grade = OfflineTutor(embedder).grade(HOMEOSTASIS, ANSWER)
    assert embedder.asked == 1
    assert grade == OfflineTutor(None).grade(HOMEOSTASIS, ANSWER)


def test_an_embedder_that_failed_is_asked_no_more() -> None:
    embedder = FailingEmbedder()
    tutor = OfflineTutor(embedder)
    for _ in range(3):
        tutor.reply(QUESTION, excerpts_of())
        tutor.grade(HOMEOSTASIS, ANSWER)
    assert embedder.asked == 1
