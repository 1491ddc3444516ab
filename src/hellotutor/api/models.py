"""What makes a repeated request harmless: the answer that the first one was given."""

from __future__ import annotations

from django.db import models

from hellotutor.accounts.models import User
from hellotutor.core import clock


class IdempotentRequest(models.Model):
    """A request that came with an `Idempotency-Key`, and its answer once there is one."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_unique")]

    def __str__(self) -> str:
        return f"idempotent request {self.pk}"
