"""Sessions, questions, answers and what they come to."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hellotutor.tutoring.models import Answer, Question, Session
from hellotutor.tutoring.tutors.base import Kind, Verdict

from .common import EvidenceSerializer, PageFilters, ScopeSerializer

JUDGED = (Verdict.CORRECT, Verdict.PARTIAL, Verdict.INCORRECT)
_JUDGED = [verdict.value for verdict in JUDGED]
_VERDICTS = [verdict.value for verdict in Verdict]


class StartSerializer(serializers.Serializer[Any]):
    """What to study."""

    document_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)
    count = serializers.IntegerField(min_value=1, max_value=100, default=5)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.value for kind in Kind]),
        required=False,
        max_length=len(Kind),
        help_text="Only these kinds of question; all where left out. Not every text lends itself to every kind.",
    )
    scope = ScopeSerializer(required=False)


class SessionFilters(PageFilters):
    """Which sessions."""

    document = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=Session.State.choices, required=False)


class QuestionSerializer(serializers.Serializer[Any]):
    """A question as it is asked: nothing of its answer."""

    id = serializers.UUIDField(source="public_id")
    ordinal = serializers.IntegerField(help_text="From 1.")
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    prompt = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField(), help_text="Empty unless multiple choice.")
    difficulty = serializers.FloatField(min_value=0, max_value=1)
    hints_given = serializers.IntegerField()


class SessionSerializer(serializers.Serializer[Any]):
    """A session, without its question."""

    id = serializers.UUIDField(source="public_id")
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=Session.State.choices)
    count = serializers.IntegerField(help_text="How many questions are wanted.")
    answered = serializers.IntegerField(source="answered_count")
    scope = ScopeSerializer()
    kinds = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=[kind.value for kind in Kind])))
    def get_kinds(self, session: Session) -> list[str]:
        """Return the kinds of question that are wanted; empty means all."""
        return list(session.scope.get("kinds", []))


class OpenSessionSerializer(SessionSerializer):
    """A session, and the question to answer next."""

    question = QuestionSerializer(allow_null=True)


class AnswerRequestSerializer(serializers.Serializer[Any]):
    """An answer: `text`, or for multiple choice `choice`."""

    question_id = serializers.UUIDField()
    attempt = serializers.IntegerField(min_value=1, max_value=100, default=1)
    text = serializers.CharField(required=False, allow_blank=True, max_length=20_000, trim_whitespace=False)
    choice = serializers.JSONField(required=False, help_text="The 0-based index of the choice, or its text.")
    confidence = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1)


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer and its grade."""

    id = serializers.UUIDField(source="public_id")
    question_id = serializers.UUIDField(source="question.public_id")
    attempt = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(choices=_VERDICTS, help_text="`pending` is graded later.")
    self_verdict = serializers.ChoiceField(choices=_JUDGED, allow_blank=True)
    score = serializers.FloatField(allow_null=True, min_value=0, max_value=1)
    feedback = serializers.CharField(allow_blank=True)
    right = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField())
    answer = serializers.CharField(source="question.answer", help_text="The reference answer.")
    evidence = serializers.SerializerMethodField()

    @extend_schema_field(EvidenceSerializer())
    def get_evidence(self, answer: Answer) -> dict[str, Any]:
        """Return where the reference answer stands."""
        return present_evidence(answer.question)


class GradedSerializer(AnswerSerializer):
    """An answer and its grade, and the question that comes next."""

    next_question = QuestionSerializer(allow_null=True)
    session_state = serializers.ChoiceField(choices=Session.State.choices)


class ContestRequestSerializer(serializers.Serializer[Any]):
    """An objection to a grade."""

    verdict = serializers.ChoiceField(choices=_JUDGED)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=2_000)


class ContestSerializer(serializers.Serializer[Any]):
    """An objection that is kept with the grade."""

    id = serializers.UUIDField(source="public_id")
    answer_id = serializers.UUIDField(source="answer.public_id")
    verdict = serializers.ChoiceField(choices=_JUDGED)
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class SelfGradeSerializer(serializers.Serializer[Any]):
    """The learner's own verdict."""

    verdict = serializers.ChoiceField(choices=_JUDGED)


class HintRequestSerializer(serializers.Serializer[Any]):
    """Which question."""

    question_id = serializers.UUIDField()


class HintSerializer(serializers.Serializer[Any]):
    """A hint: a nudge, then a part, then the page."""

    hint = serializers.CharField()
    rung = serializers.IntegerField(help_text="From 1.")
    rungs = serializers.IntegerField()


def present_evidence(question: Question) -> dict[str, Any]:
    """Return where a question's quote stands."""
    version = question.version
    return {
        "document": question.document_title,
        "document_id": str(version.document.public_id) if version else None,
        "version_id": str(version.public_id) if version else None,
        "page": question.page_number,
        "page_label": question.page_label,
        "page_ordinal": question.page_ordinal + 1,
        "section": question.section,
        "quote": question.printed_quote,
        "start": question.quote_start,
        "end": question.quote_end,
    }
