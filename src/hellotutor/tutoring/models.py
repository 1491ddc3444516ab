"""Session → Question → Answer, and Conversation → Message, each with a snapshot of its evidence.

A question keeps quote, page and offsets of its own: a replaced or deleted document never changes what was asked or
graded.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from hellotutor.accounts.access import OwnedQuerySet
from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.documents.models import Document, DocumentVersion, Passage

from .tutors.base import Kind, QuestionToGrade, Verdict

_LONGEST_WRITING = timedelta(minutes=10)


class Session(models.Model):
    """One sitting over some document versions, within a scope."""

    class State(models.TextChoices):
        """An active session can be resumed."""

        ACTIVE = "active"
        FINISHED = "finished"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    versions = models.ManyToManyField(DocumentVersion, related_name="sessions")
    title = models.CharField(max_length=300)
    count = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(100)])
    scope = models.JSONField(default=dict, blank=True)
    tutor = models.CharField(max_length=60)
    seed = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects = OwnedQuerySet["Session"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"


class QuestionQuerySet(OwnedQuerySet["Question"]):
    """Questions, which belong to the owner of their session."""

    owner_path = "session__owner"


class Question(models.Model):
    """A question that was asked, with everything needed to grade it whatever happens to its document."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="questions")
    ordinal = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in Kind])
    prompt = models.TextField()
    choices = models.JSONField(default=list)
    answer = models.TextField()
    key_points = models.JSONField(default=list)
    concept = models.CharField(max_length=200)
    difficulty = models.FloatField(default=0.5, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    hints_given = models.PositiveSmallIntegerField(default=0)
    version = models.ForeignKey(DocumentVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    passage = models.ForeignKey(Passage, on_delete=models.SET_NULL, null=True, related_name="+")
    document_title = models.CharField(max_length=300)
    page_number = models.PositiveIntegerField(null=True)
    page_label = models.CharField(max_length=60, blank=True)
    page_ordinal = models.PositiveIntegerField()
    section = models.CharField(max_length=600, blank=True)
    quote = models.TextField()  # normalised, as in the passage
    printed_quote = models.TextField()
    quote_start = models.PositiveIntegerField()
    quote_end = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "ordinal"], name="question_ordinal_unique")]
        ordering = ["ordinal"]

    def __str__(self) -> str:
        return str(self.public_id)

    def to_grade(self) -> QuestionToGrade:
        """Return what a tutor needs to grade an answer or give a hint."""
        return QuestionToGrade(
            kind=Kind(self.kind),
            prompt=self.prompt,
            answer=self.answer,
            key_points=tuple(self.key_points),
            quote=self.quote,
            choices=tuple(self.choices),
            page=self.page_number,
            section=self.section,
        )


class AnswerQuerySet(OwnedQuerySet["Answer"]):
    """Answers, which belong to the owner of their session."""

    owner_path = "question__session__owner"


class Answer(models.Model):
    """What a learner answered, saved before it is graded."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    attempt = models.PositiveSmallIntegerField(default=1)
    text = models.TextField(blank=True)
    confidence = models.FloatField(null=True, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    hints_used = models.PositiveSmallIntegerField(default=0)
    verdict = models.CharField(
        max_length=10, choices=[(verdict.value, verdict.value) for verdict in Verdict], default=Verdict.PENDING.value
    )
    score = models.FloatField(null=True, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    feedback = models.TextField(blank=True)
    right = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    self_verdict = models.CharField(max_length=10, blank=True)
    grader = models.CharField(max_length=60, blank=True)
    answered_at = models.DateTimeField(default=clock.now, editable=False)
    graded_at = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "attempt"], name="answer_attempt_unique")]
        ordering = ["question__ordinal", "attempt"]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def final_verdict(self) -> Verdict:
        """The learner's own verdict where the tutor was unsure, otherwise the tutor's."""
        return Verdict(self.self_verdict or self.verdict)


class ContestQuerySet(OwnedQuerySet["Contest"]):
    """Contests, which belong to the owner of their session."""

    owner_path = "answer__question__session__owner"


class Contest(models.Model):
    """A learner's objection to a grade; it is kept, and shown wherever the grade is."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.OneToOneField(Answer, on_delete=models.CASCADE, related_name="contest")
    verdict = models.CharField(max_length=10, choices=[(verdict.value, verdict.value) for verdict in Verdict])
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ContestQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.public_id)


class Conversation(models.Model):
    """A chat about some documents, within a scope; without a document it is about all of the owner's."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="conversations")
    documents = models.ManyToManyField(Document, related_name="conversations")
    title = models.CharField(max_length=120)
    scope = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now)

    objects = OwnedQuerySet["Conversation"].as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]

    def __str__(self) -> str:
        return str(self.public_id)


class MessageQuerySet(OwnedQuerySet["Message"]):
    """Messages, which belong to the owner of their conversation."""

    owner_path = "conversation__owner"


class Message(models.Model):
    """What was said in a chat. `citations` are snapshots: a deleted document never changes what was replied.

    Each is {number, document, document_id, page, page_label, page_ordinal, section, quote, start, end}: the quote as
    printed, and its [start, end) offsets in the normalised text of its page. A quote over a page's end has no offsets.
    """

    class Role(models.TextChoices):
        """Who speaks."""

        LEARNER = "learner"
        TUTOR = "tutor"

    class State(models.TextChoices):
        """A reply that was stopped, or that failed, holds what had been said."""

        WRITING = "writing"
        COMPLETE = "complete"
        STOPPED = "stopped"
        FAILED = "failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=8, choices=Role.choices)
    text = models.TextField(blank=True)
    citations = models.JSONField(default=list)
    grounded = models.BooleanField(null=True)
    notice = models.CharField(max_length=60, blank=True)  # why search was by words only; see `SearchResult.reason`
    state = models.CharField(max_length=10, choices=State.choices, default=State.COMPLETE)
    tutor = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def current_state(self) -> str:
        """The stored state, but `failed` for a reply that was being written when the program ended."""
        is_given_up = self.state == self.State.WRITING and clock.now() - self.created_at > _LONGEST_WRITING
        return self.State.FAILED.value if is_given_up else self.state
