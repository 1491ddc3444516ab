"""What a session showed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from hellotutor.tutoring.tutors.base import Verdict

_VERDICTS = [verdict.value for verdict in Verdict]


class InsightEvidenceSerializer(serializers.Serializer[Any]):
    """An answer that an item rests on."""

    question_id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=_VERDICTS)
    document = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    section = serializers.CharField(allow_blank=True)
    quote = serializers.CharField()


class InsightItemSerializer(serializers.Serializer[Any]):
    """One thing that was found, and what it rests on."""

    text = serializers.CharField()
    concept = serializers.CharField()
    evidence = InsightEvidenceSerializer(many=True)


class SwotSerializer(serializers.Serializer[Any]):
    """Counted from the answers and from nothing else."""

    strengths = InsightItemSerializer(many=True)
    weaknesses = InsightItemSerializer(many=True)
    opportunities = InsightItemSerializer(many=True)
    threats = InsightItemSerializer(many=True)


class MasterySerializer(serializers.Serializer[Any]):
    """How a concept went."""

    concept = serializers.CharField()
    asked = serializers.IntegerField()
    correct = serializers.IntegerField()
    partial = serializers.IntegerField()  # type: ignore[assignment]
    share = serializers.FloatField(min_value=0, max_value=1, help_text="Correct, and half of partial, of those asked.")
    evidence = InsightEvidenceSerializer(many=True)


class MetricsSerializer(serializers.Serializer[Any]):
    """The session in figures."""

    answered = serializers.IntegerField()
    verdicts = serializers.DictField(child=serializers.IntegerField())
    mean_score = serializers.FloatField(allow_null=True)
    hints = serializers.IntegerField()


class InsightsSerializer(serializers.Serializer[Any]):
    """What a session showed."""

    summary = serializers.CharField()
    swot = SwotSerializer()
    mastery = MasterySerializer(many=True)
    metrics = MetricsSerializer()
