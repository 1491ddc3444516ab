"""`Idempotency-Key`: the same request sent again is answered as it was the first time, and done only once.

Only the answers of what succeeded are kept: a request that was refused, that failed or that was stopped on the way may
be sent again under its key, as it is or mended, and is done anew. (A chat message stays in its conversation even so,
beside the reply that failed.) A key lasts a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from hellotutor.accounts.models import User
from hellotutor.core import clock
from hellotutor.core.errors import Conflict, Invalid

from .codes import CODES
from .models import IdempotentRequest
from .views.base import caller

KEPT = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=5)  # longer than any request takes: its process died
_MOST_KEY_CHARACTERS = 200


class Attempt:
    """One request under its key, or under none; then nothing is kept.

    Attributes:
        stored: the body of the first answer where there was one, for the same request sent again.
        status: its status.
    """

    def __init__(self, row: IdempotentRequest | None) -> None:
        self._row = row
        self.stored: Any = row.body if row else None
        self.status: int | None = row.status if row else None

    @property
    def is_repeated(self) -> bool:
        """Whether the first answer is there."""
        return self.status is not None

    def keep(self, status: int, body: Any) -> None:
        """Keep the answer."""
        if self._row:
            _held(self._row).update(status=status, body=json.loads(JSONRenderer().render(body) or b"null"))

    def give_up(self) -> None:
        """Let the next request with this key be done anew."""
        if self._row:
            _held(self._row).delete()


def _held(row: IdempotentRequest) -> QuerySet[IdempotentRequest]:
    """Return the row of a request at work, unless another one has taken it over."""
    return IdempotentRequest.objects.filter(pk=row.pk, status=None, created_at=row.created_at)


def run_once(request: Request, work: Callable[[], Response]) -> Response:
    """Do `work` unless this very request was answered before.

    Raises:
        Conflict: the first one is still at work (`request_in_progress`).
        Invalid: the key was used for another request (`idempotency_key_reused`), or is no key.
    """
    attempt = begin(request)
    if attempt.is_repeated:
        return Response(attempt.stored, status=attempt.status, headers={"Idempotent-Replayed": "true"})
    try:
        response = work()
    except BaseException:
        attempt.give_up()
        raise
    attempt.keep(response.status_code, response.data)
    return response


def begin(request: Request) -> Attempt:
    """Claim the key of this request; whoever does must `keep` an answer or `give_up`.

    Raises:
        Conflict: the first one is still at work (`request_in_progress`).
        Invalid: the key was used for another request (`idempotency_key_reused`), or is no key.
    """
    key = _key_of(request)
    return Attempt(_claim(caller(request), key, _fingerprint(request)) if key else None)


def look_up(request: Request) -> Attempt:
    """Return what `begin` would, or raise it, but claim nothing: for what begins later, or never.

    Raises:
        Conflict: the first one is still at work (`request_in_progress`).
        Invalid: the key was used for another request (`idempotency_key_reused`), or is no key.
    """
    key = _key_of(request)
    known = IdempotentRequest.objects.filter(user=caller(request), key=key, created_at__gte=clock.now() - KEPT)
    row = known.first() if key else None
    if row is None:
        return Attempt(None)
    _check_same(row, _fingerprint(request))
    if row.status is not None:
        return Attempt(row)
    if not _is_abandoned(row):
        raise _in_progress()
    return Attempt(None)


def _key_of(request: Request) -> str:
    """Return the key, empty where none was sent."""
    key: str = request.headers.get("Idempotency-Key", "")
    if len(key) > _MOST_KEY_CHARACTERS or not (key.isascii() and key.isprintable()):
        raise Invalid("idempotency_key_not_valid", CODES["idempotency_key_not_valid"])
    return key


def _claim(user: User, key: str, fingerprint: str) -> IdempotentRequest:
    now = clock.now()
    IdempotentRequest.objects.filter(created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(user=user, key=key, fingerprint=fingerprint, created_at=now)
    except IntegrityError:  # it is there already
        row = IdempotentRequest.objects.filter(user=user, key=key).first()
    if row is None:  # the other one has just been refused
        raise _in_progress()
    _check_same(row, fingerprint)
    return row if row.status is not None else _take_over(row)


def _take_over(row: IdempotentRequest) -> IdempotentRequest:
    """Return the row of a request whose process died; of two that come for it one gets it."""
    now = clock.now()
    if not (_is_abandoned(row) and _held(row).update(created_at=now)):
        raise _in_progress()
    row.created_at = now
    return row


def _is_abandoned(row: IdempotentRequest) -> bool:
    return row.created_at < clock.now() - ABANDONED_AFTER


def _check_same(row: IdempotentRequest, fingerprint: str) -> None:
    if row.fingerprint != fingerprint:
        raise Invalid("idempotency_key_reused", CODES["idempotency_key_reused"])


def _in_progress() -> Conflict:
    return Conflict("request_in_progress", CODES["request_in_progress"], retryable=True)


def _fingerprint(request: Request) -> str:
    """Return a digest of method, path and body; of a file its name and bytes."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode(errors="replace"))
    files = [value for value in request.FILES.values() if isinstance(value, UploadedFile)]
    for file in files:
        digest.update(f"{file.name}\n".encode(errors="replace"))
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
    if not files:
        digest.update(json.dumps(request.data, sort_keys=True, default=str).encode(errors="replace"))
    return digest.hexdigest()
