"""What every address is that nobody answers."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from .base import ApiView


@extend_schema(exclude=True)
class MissingView(ApiView):
    """Says in JSON that there is no such address; addresses end in a slash."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer every method alike.

        Raises:
            Http404: always.
        """
        raise Http404
