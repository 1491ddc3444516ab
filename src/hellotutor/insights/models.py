"""The stored insights: one row a session."""

from __future__ import annotations

from django.db import models

from hellotutor.core import clock
from hellotutor.tutoring.models import Session


class SessionInsight(models.Model):
    """What a session showed. `swot` maps each of the four lists to items {text, concept, evidence: [...]}."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="insight")
    summary = models.TextField()
    swot = models.JSONField()
    metrics = models.JSONField()
    tutor = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"insights of session {self.session_id}"
