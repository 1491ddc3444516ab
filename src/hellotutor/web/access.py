"""What the visitor may read, or a page that says that there is no such thing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import models
from django.http import HttpRequest

from hellotutor.accounts.access import OwnedQuerySet
from hellotutor.accounts.models import User
from hellotutor.core.errors import NotFound
from hellotutor.monitoring.catalogue import Failure

_Row = TypeVar("_Row", bound=models.Model)
_View = TypeVar("_View", bound=Callable[..., Any])


def visitor(request: HttpRequest) -> User:
    """Return the signed-in user; only views behind `login_required` ask."""
    return cast(User, request.user)


def find(rows: OwnedQuerySet[_Row], request: HttpRequest, public_id: uuid.UUID) -> _Row:
    """Return the visitor's row with this public id.

    Raises:
        NotFound: there is none, or it is somebody else's (`not_found`).
    """
    row = rows.for_user(visitor(request)).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("not_found", "There is no such page, or it isn't yours.")
    return row


def fails_as(failure: Failure) -> Callable[[_View], _View]:
    """Name the row of the failure catalogue under which a view's failure is captured."""

    def mark(view: _View) -> _View:
        view.failure = failure  # type: ignore[attr-defined]
        return view

    return mark
