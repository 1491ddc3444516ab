"""What the API takes and gives: bounded JSON in; JSON or a stream of events out, whatever else was asked for."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from .errors import BodyTooLarge

EVENT_STREAM = "text/event-stream"


class BoundedJSONParser(JSONParser):
    """Reads no more than the limit, and refuses nesting that would exhaust the stack."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the value.

        Raises:
            BodyTooLarge: it is longer than the limit.
            ParseError: it is not JSON.
        """
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        try:
            return super().parse(io.BytesIO(body), media_type, dict(parser_context or {}))
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for server-sent events; what is answered before a stream begins is JSON still."""

    media_type = EVENT_STREAM
    format = "event-stream"


class StreamOrJson(DefaultContentNegotiation):
    """Streams where that is asked for and possible, and otherwise answers JSON: nothing is ever refused with a 406."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type."""
        is_asked = EVENT_STREAM in request.headers.get("Accept", "")
        first, *others = renderers
        chosen = next((one for one in others if is_asked and one.media_type == EVENT_STREAM), first)
        return chosen, str(chosen.media_type)


def wants_stream(request: Request) -> bool:
    """Say whether this call is answered with events."""
    return request.accepted_media_type == EVENT_STREAM
