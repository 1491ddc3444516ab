"""What every view of the API shares: whose rows it finds, what it tells of a failure, how its lists are cut."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from django.db import models
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from hellotutor.accounts.access import OwnedQuerySet
from hellotutor.accounts.models import User
from hellotutor.core.errors import NotFound
from hellotutor.monitoring import catalogue
from hellotutor.monitoring.catalogue import Failure

from ..codes import CODES
from ..errors import Problem, describe, report
from ..paging import Pages
from ..parsing import BoundedJSONParser, StreamOrJson

_Row = TypeVar("_Row", bound=models.Model)


class ApiView(APIView):
    """A view of the API.

    Attributes:
        failure: the row of the failure catalogue under which what nobody expected is captured.
        problems: statuses that a method may answer besides those that follow from its shape; see `ProblemSchema`.
    """

    failure: ClassVar[Failure] = catalogue.API_VIEW
    problems: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    content_negotiation_class = StreamOrJson
    parser_classes = [BoundedJSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who calls, and note it for the report of a failure."""
        self._known: dict[str, object] = {"view": type(self).__name__, **self._ids(kwargs)}
        super().initial(request, *args, **kwargs)
        if request.user.is_authenticated:
            self.note(user_id=caller(request).public_id)

    def note(self, **fields: object) -> None:
        """Keep what the report of a failure may tell."""
        self._known.update({name: str(value) for name, value in fields.items()})

    def known_fields(self) -> dict[str, object]:
        """Return what is known of this call, by the names of the failure catalogue's fields."""
        return getattr(self, "_known", {})

    def tell(self, error: Exception) -> Problem:
        """Return the problem of what went wrong in the middle of an answer."""
        return describe(error) or report(error, self.failure, self.known_fields())

    def take(self, request: Request, kind: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the checked body.

        Raises:
            ValidationError: a field can't be used.
        """
        return _checked(kind(data=request.data))

    def filters(self, request: Request, kind: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the checked query parameters.

        Raises:
            ValidationError: one can't be used.
        """
        return _checked(kind(data=request.query_params.dict()))

    def paged(self, request: Request, rows: QuerySet[Any], kind: type[BaseSerializer[Any]]) -> Response:
        """Answer with the page of `rows` that was asked for."""
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(kind(page, many=True).data)

    @staticmethod
    def _ids(kwargs: Mapping[str, Any]) -> dict[str, str]:
        fields = {"document_id": "document_id", "session_id": "session_id", "conversation_id": "session_id"}
        return {fields[name]: str(value) for name, value in kwargs.items() if name in fields}


def _checked(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


def caller(request: Request) -> User:
    """Return who calls; only views behind `IsSignedIn` ask."""
    return cast(User, request.user)


def find(rows: OwnedQuerySet[_Row], request: Request, public_id: uuid.UUID) -> _Row:
    """Return the caller's row with this public id.

    Raises:
        NotFound: there is none, or it is somebody else's (`not_found`).
    """
    row = rows.for_user(caller(request)).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("not_found", CODES["not_found"])
    return row
